"""The national protocols, one sub-package each: typed messages, reader and writer. Pure.

`model` is what the platform asks and is told, free of any protocol; `xnachweis` and `rest` say it in theirs.
"""

from intermediary.national.errors import NationalError, NationalUnreadable, NationalUnwritable, Problem

__all__ = ["NationalError", "NationalUnreadable", "NationalUnwritable", "Problem"]
