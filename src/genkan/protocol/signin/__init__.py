"""Signing people in: passwords, sessions, the guess budget and first-run set-up, each as decisions over values."""
