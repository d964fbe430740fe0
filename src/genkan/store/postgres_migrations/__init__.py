"""Numbered SQL files, each with its way back: ``NNNN_name.up.sql`` and ``NNNN_name.down.sql``. No code lives here."""
