"""The memory: knows records and outcomes, decides nothing. Every write is conditional on what was read."""
