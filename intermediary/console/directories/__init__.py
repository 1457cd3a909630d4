"""Directories: what EB and DSD publish of us beside the store, submissions, and the explorer."""

from intermediary.console.directories.contracts import (
    Comparison,
    DirectoriesDesk,
    DirectorySilent,
    Gap,
    HandIn,
    Question,
    Record,
    Told,
)
from intermediary.console.directories.part import directories_part

__all__ = [
    "Comparison",
    "DirectoriesDesk",
    "DirectorySilent",
    "Gap",
    "HandIn",
    "Question",
    "Record",
    "Told",
    "directories_part",
]
