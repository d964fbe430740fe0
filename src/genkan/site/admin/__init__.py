"""The administrators' console, below /admin."""
