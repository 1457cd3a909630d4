"""Releases: which schemas ship, and official sets (schemas, rules, code lists) that an operator installed.

May live here: reading an official set, compiling its Schematron, running it, comparing two. What may not:
our own rules (`validation.rules`), rendering.
"""

from intermediary.validation.releases.shipped import RELEASES

__all__ = ["RELEASES"]
