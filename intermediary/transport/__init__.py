"""Doors to the outside: AS4 endpoint and sender, connectors to national systems."""
