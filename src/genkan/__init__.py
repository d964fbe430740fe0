"""Genkan: the front door for the mobile apps of self-hosted sites."""

__version__ = "0.1.0"
