"""Exchanges at the console: on the real exchange room and a real database."""
