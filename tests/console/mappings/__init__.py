"""Mappings, providers, evidence types in the console."""
