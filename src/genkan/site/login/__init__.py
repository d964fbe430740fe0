"""The way in for people: signing in, first run, recovery, and confirming that it is still oneself."""
