"""What changed between two releases: rules added, removed, worded or tested otherwise; codes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from intermediary.validation.releases.installed import Release


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """What is compared of one rule; a fact that a side does not know is None and is not compared."""

    id: str
    kind: str
    severity: str
    test: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `what` is added, removed, severity, test, text or codes."""

    kind: str
    rule: str
    what: str
    before: str = ""
    after: str = ""


def facts_of(release: Release) -> tuple[RuleFacts, ...]:
    """The rules of an installed release."""
    return tuple(
        RuleFacts(test.id, file.kind, _severity(test.role), f"{test.context} ⊨ {test.test}", test.text)
        for file in release.rules
        for test in file.tests
    )


def differences(before: Iterable[RuleFacts], after: Iterable[RuleFacts]) -> tuple[Change, ...]:
    """Changes from one set of rules to another, by kind and id."""
    old, new = _grouped(before), _grouped(after)
    found: list[Change] = []
    for key in sorted(old.keys() | new.keys()):
        kind, rule = key
        were, are = old.get(key, []), new.get(key, [])
        if not were or not are:
            known = (were or are)[0]
            found.append(
                Change(kind, rule, "removed" if were else "added", *_sides(known.text or "", bool(were)))
            )
            continue
        # An id may be given several times (published defect): then the set of values is compared.
        for what in ("severity", "test", "text"):
            one = [str(getattr(f, what)) for f in were if getattr(f, what) is not None]
            two = [str(getattr(f, what)) for f in are if getattr(f, what) is not None]
            if one and two and sorted(one) != sorted(two):
                found.append(Change(kind, rule, what, " | ".join(one), " | ".join(two)))
    return tuple(found)


def code_differences(
    before: Mapping[str, tuple[str, ...]], after: Mapping[str, tuple[str, ...]]
) -> tuple[Change, ...]:
    """Code lists that changed: `before` names the codes that went, `after` those that came."""
    found = []
    for name in sorted(before.keys() | after.keys()):
        old, new = set(before.get(name, ())), set(after.get(name, ()))
        if old != new:
            what = "added" if name not in before else "removed" if name not in after else "codes"
            found.append(Change("code list", name, what, _some(old - new), _some(new - old)))
    return tuple(found)


def _sides(text: str, was: bool) -> tuple[str, str]:
    return (text, "") if was else ("", text)


def _some(codes: set[str]) -> str:
    first = ", ".join(sorted(codes)[:10])
    return f"{first} … ({len(codes)})" if len(codes) > 10 else first


def _severity(role: str) -> str:
    return {"info": "info", "information": "info", "warn": "warning", "warning": "warning"}.get(role, "error")


def _grouped(rules: Iterable[RuleFacts]) -> dict[tuple[str, str], list[RuleFacts]]:
    groups: dict[tuple[str, str], list[RuleFacts]] = {}
    for rule in rules:
        groups.setdefault((rule.kind, rule.id), []).append(rule)
    return groups
