"""Mappings, providers, evidence types and requirements: read, compared, and led through their life.

What a version says is written elsewhere (the editor); here it is looked at, and steps are taken with it.
"""

from intermediary.console.mappings.part import mappings_part

__all__ = ["mappings_part"]
