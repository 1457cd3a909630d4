"""What a draft would change, in a sentence: for the page on which it is approved.

would_change=would_change_summary(trials, (version.ref,))      # in Python
{% include "dryrun/summary.html" %}                            {# in the template #}
"""

from dataclasses import dataclass
from urllib.parse import urlencode

from intermediary.console.dryrun.asked import name_of
from intermediary.console.dryrun.contracts import Trials
from intermediary.mapping import MappingInvalid, MappingMissing, Ref

LAST = 500
"""Requests that are looked at unless somebody wants more."""


@dataclass(frozen=True, slots=True)
class Summary:
    """How many of the last requests would be answered otherwise."""

    requests: int
    changed: int
    refused: int
    answered: int
    """Refused now, answered then."""
    unknown: int
    path: str
    """Where the whole is told, below the console's base path."""


def path_of(refs: tuple[Ref, ...], last: int = LAST) -> str:
    """The page that tells what versions would change."""
    (entry, number), *others = refs
    asked = [("entry", entry), ("version", str(number)), *(("with", name_of(ref)) for ref in others)]
    return "/dry-run/changes?" + urlencode([*asked, *([("last", str(last))] if last != LAST else [])])


def would_change_summary(trials: Trials, refs: tuple[Ref, ...], last: int = LAST) -> Summary | None:
    """What versions would change together; None where their set cannot be read (the findings say why)."""
    try:
        found = trials.replay(*refs, last=last)
    except (MappingInvalid, MappingMissing):
        return None
    return Summary(
        requests=found.changed + found.same + found.unknown,
        changed=found.changed,
        refused=found.refused,
        answered=sum(len(change.exchanges) for change in found.changes if change.answered),
        unknown=found.unknown,
        path=path_of(refs, last),
    )
