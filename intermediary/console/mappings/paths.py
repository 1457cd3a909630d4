"""How addresses name an entry: `evidence/<key>` has a slash, so it takes a converter of its own."""

from typing import Annotated

from fastapi import Path
from starlette.convertors import Convertor, register_url_convertor

from intermediary.mapping import Action

NAME = r"(?:evidence|provider)/[a-z0-9][a-z0-9_-]{0,63}|platform|references"
"""Nothing else can be the name of an entry, so `/mappings/{entry:entry}` takes no other area's address."""
MOST = 2**31 - 1
"""Versions are numbers of the database."""

EntryName = Annotated[str, Path(pattern=f"^(?:{NAME})$", description="evidence/<key>, provider/<key>, …")]
Number = Annotated[int, Path(ge=1, le=MOST, description="Number of a version")]


class _Entry(Convertor[str]):
    regex = NAME

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("entry", _Entry())


def page_of(entry: str) -> str:
    """The page of an entry, below the console's base path."""
    return f"/mappings/{entry}"


def page_of_version(entry: str, number: int) -> str:
    """The page of one version."""
    return f"/mappings/{entry}/versions/{number}"


def page_to(action: Action, entry: str, number: int) -> str:
    """The page on which an operator takes a step with a version."""
    return f"/mappings/{entry}/versions/{number}/{action.value}"
