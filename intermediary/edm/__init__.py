"""The OOTS Exchange Data Model: frozen messages, XML reader and writer, one profile per version. Pure.

What a version changes is data in `profiles`; the element tables are in `agents`, `persons` and `evidence`.
"""

from intermediary.edm.errors import EdmError, EdmUnreadable, EdmUnwritable, Problem, UnsupportedVersion
from intermediary.edm.profiles import LATEST, PROFILES, Profile, profile_for
from intermediary.edm.reader import peek, read
from intermediary.edm.writer import write

__all__ = [
    "LATEST",
    "PROFILES",
    "EdmError",
    "EdmUnreadable",
    "EdmUnwritable",
    "Problem",
    "Profile",
    "UnsupportedVersion",
    "peek",
    "profile_for",
    "read",
    "write",
]
