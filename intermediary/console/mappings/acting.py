"""Who may take which step with a version, and what belongs together. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from intermediary.console.access import Operator, Role
from intermediary.console.errors import Forbidden
from intermediary.console.mappings.listing import routed, wrote
from intermediary.console.pages import _N
from intermediary.mapping import PENDING, Action, Entry, MappingStore, Ref, State, Version
from intermediary.mapping.life import SOURCES

STEPS: Final[Mapping[Action, tuple[Role, ...]]] = {
    Action.SUBMIT: (Role.EDITOR,),
    Action.APPROVE: (Role.APPROVER,),
    Action.REJECT: (Role.APPROVER,),
    Action.GO_LIVE: (Role.APPROVER,),
    Action.RETIRE: (Role.APPROVER, Role.EDITOR),
    Action.ROLL_BACK: (Role.APPROVER,),
}
"""Steps that the console offers, and whose they are. Editors retire what they drafted themselves, no more."""
TOGETHER = (Action.SUBMIT, Action.APPROVE, Action.REJECT, Action.GO_LIVE)
"""Steps that several entries may take as one."""


@dataclass(frozen=True, slots=True)
class Words:
    """How a step is spoken of. Messages of the catalogue."""

    button: str
    title: str
    lead: str
    done: str
    reason: str
    icon: str


WORDS: Final[Mapping[Action, Words]] = {
    Action.SUBMIT: Words(
        _N("Hand in for review"),
        _N("Hand in version %(number)s for review"),
        _N("Somebody else then looks at it and approves it, or sends it back. Nothing is in force by this."),
        _N("Handed in for review. Somebody else has to approve it."),
        _N("What did you change, and why? The reviewer reads it first."),
        "arrow-forward",
    ),
    Action.APPROVE: Words(
        _N("Approve"),
        _N("Approve version %(number)s"),
        _N("You say that it is right. It is in force only when it is put in force, which is the next step."),
        _N("Approved. Now it can be put in force."),
        _N("What did you look at? For example: compared with the register's notice of 3 November."),
        "check",
    ),
    Action.REJECT: Words(
        _N("Send back"),
        _N("Send version %(number)s back to its author"),
        _N("It is a draft again. The author sees your reason and can draft anew."),
        _N("Sent back to its author."),
        _N("What has to be changed?"),
        "arrow-back",
    ),
    Action.GO_LIVE: Words(
        _N("Put in force"),
        _N("Put version %(number)s in force"),
        _N("From its first day every new request is answered by it. Exchanges under way end as they began."),
        _N("Done: it is in force from its first day."),
        _N("Why now?"),
        "success",
    ),
    Action.RETIRE: Words(
        _N("Retire"),
        _N("Retire version %(number)s"),
        _N("It is out of force at once, and nothing takes its place: new requests for it are refused. "
           "Exchanges under way end as they began."),
        _N("It is out of force."),
        _N("Why must it stop?"),
        "close",
    ),
    Action.ROLL_BACK: Words(
        _N("Roll back to this version"),
        _N("Roll back to version %(number)s"),
        _N("What this version says is in force again at once, as a new version. It had been approved when it "
           "went live, so nobody needs to approve it again."),
        _N("Rolled back: what the earlier version says is in force again."),
        _N("What went wrong?"),
        "autorenew",
    ),
}  # fmt: skip
WITHDRAW = Words(
    _N("Withdraw"),
    _N("Withdraw version %(number)s"),
    _N("This version is given up. It stays in the history, and what is in force stays in force."),
    _N("Withdrawn."),
    _N("Why is it given up?"),
    "delete",
)
"""To retire what was never live."""


def words_of(action: Action, version: Version) -> Words:
    """How a step with a version is spoken of."""
    return WITHDRAW if action is Action.RETIRE and version.state in PENDING else WORDS[action]


def may(operator: Operator, action: Action, version: Version) -> bool:
    """Whether the operator's role is for this step. Four eyes are another matter: see `own_work`."""
    if not operator.has(*STEPS.get(action, ())):
        return False
    if action is Action.RETIRE and not operator.has(Role.APPROVER):
        return version.state in PENDING and wrote(version, operator.subject)
    return True


def need(operator: Operator, action: Action, versions: Iterable[Version]) -> None:
    """Raises Forbidden where the step is not the operator's."""
    operator.need(*STEPS[action])
    if not all(may(operator, action, version) for version in versions):
        raise Forbidden(Role.APPROVER)


def own_work(operator: Operator, action: Action, version: Version) -> bool:
    """True where four eyes forbid it: who wrote it cannot approve it."""
    return action is Action.APPROVE and wrote(version, operator.subject)


def possible(action: Action, version: Version, entry: Entry, day: date) -> bool:
    """Whether a version is in a state for a step on a day."""
    ahead = version in entry.scheduled or version == entry.in_force
    if action is Action.ROLL_BACK:
        later = version.valid_from is not None and version.valid_from > day
        return version.published is not None and not ahead and not later
    if action is Action.RETIRE and version.state is State.LIVE:
        return ahead
    return version.state in SOURCES.get(action, ())


def offered(operator: Operator, version: Version, entry: Entry, day: date) -> tuple[Action, ...]:
    """The steps that the operator may take with a version now."""
    return tuple(
        action
        for action in STEPS
        if may(operator, action, version)
        and possible(action, version, entry, day)
        and not own_work(operator, action, version)
    )


@dataclass(frozen=True, slots=True)
class Companion:
    """Another entry whose pending version could take the same step together."""

    entry: Entry
    version: Version
    needed: bool
    """It and ours name each other: they belong together."""
    refused: bool
    """Four eyes forbid it to this operator."""


def companions(
    entries: Iterable[Entry], store: MappingStore, action: Action, version: Version, operator: Operator
) -> tuple[Companion, ...]:
    """The pending versions of other entries that could go together with this one, the needed ones first."""
    if action not in TOGETHER:
        return ()
    found = []
    for entry in entries:
        other = entry.pending
        if other is None or entry.name == version.entry or other.state not in SOURCES[action]:
            continue
        if may(operator, action, other):
            found.append(
                Companion(
                    entry, other, linked(store, version.ref, other.ref), own_work(operator, action, other)
                )
            )
    return tuple(sorted(found, key=lambda c: (not c.needed, c.entry.name)))


def linked(store: MappingStore, one: Ref, other: Ref) -> bool:
    """Whether one of two versions names the other: a provider, or the list of references."""
    return _names(store, one, other) or _names(store, other, one)


def _names(store: MappingStore, one: Ref, other: Ref) -> bool:
    if not one[0].startswith("evidence/"):
        return False
    said = store.document(*one)
    if other[0] == "references":
        known = store.document(*other)
        return any(name in known for name in _dollars(said))
    return other[0].removeprefix("provider/") in routed(said) if other[0].startswith("provider/") else False


def _dollars(value: object) -> list[str]:
    if isinstance(value, dict):
        return [name for item in value.values() for name in _dollars(item)]
    if isinstance(value, list):
        return [name for item in value for name in _dollars(item)]
    return [value[1:]] if isinstance(value, str) and value.startswith("$") else []
