"""Schemas, validator and the oracles that they are compared with."""
