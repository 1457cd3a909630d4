"""Stories of whole exchanges: a person, an evidence, a choice, and what has to come of it.

Each is told against a running sandbox: the portal is asked by its JSON API, the citizen walks through the
preview (`tell`), and the platform's own log must tell the same story (`with_logs`).
"""

import json
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from intermediary.sandbox.citizen import Choice, Citizen, Lost, Visit
from intermediary.sandbox.world import World

_COMMANDS = """
import json, sys
from intermediary.cli import app
for command in json.loads(sys.argv[1]):
    app(command, standalone_mode=False)
"""

VERSIONS = ("2.0", "1.2")
"""Versions of the Exchange Data Model in which every story is told."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What has to come of a story: at the portal and in the platform's log."""

    state: str
    """State of the exchange at the portal."""
    outcome: str
    """Outcome in the platform's log."""
    code: str | None = None
    """Error code at the portal."""
    documents: Choice = Choice.NONE
    """Which of the offered documents the portal receives."""
    facts: tuple[str, ...] = ()
    """Facts that the log must have, in this order."""


@dataclass(frozen=True, slots=True)
class Story:
    """One story; `login` is who logs in at the preview (None: nobody goes there)."""

    key: str
    title: str
    evidence: str
    person: str
    expected: Expected
    login: str | None
    choice: Choice = Choice.ALL
    media_type: str | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    down: str | None = None
    """A system that is down when the citizen comes, and comes back while they wait; told alone."""


@dataclass(frozen=True, slots=True)
class Told:
    """A story as it went; no problems: as expected."""

    story: Story
    version: str
    problems: tuple[str, ...]
    seconds: float
    exchange: Mapping[str, Any] = field(repr=False)
    """The portal's view."""
    visit: Visit | None = None
    log: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The platform's view: `intermediary exchanges show ID --json`; filled by `with_logs`."""

    @property
    def request_message_id(self) -> str | None:
        """AS4 MessageId of the first request, None where it did not come so far."""
        return self.exchange["request_message_ids"][0] if self.exchange else None


_PLATE = {"kennzeichen": "B-GR 1990"}
_BERLIN, _LEIPZIG, _NIEBUELL = ({"gemeindeschluessel": key} for key in ("11000000", "14713000", "01054088"))
_WITH_EVIDENCE = (
    "request-received",
    "preview-offered",
    "citizen-identified",
    "provider-asked",
    "provider-answered",
    "decided",
    "message-queued",
    "message-acknowledged",
    "evidence-destroyed",
    "closed",
)
_DECLINED = ("decided", "evidence-destroyed", "message-queued", "message-acknowledged", "closed")

STORIES = (
    Story(
        key="approve-all",
        title="The citizen looks at everything and allows it",
        evidence="vehicle-registration",
        person="giulia",
        login="giulia",
        inputs=_PLATE,
        expected=Expected("evidence", "approved", documents=Choice.ALL, facts=_WITH_EVIDENCE),
    ),
    Story(
        key="partial-consent",
        title="The citizen allows one of several documents",
        evidence="residence-certificate",
        person="bjoern",
        login="bjoern",
        inputs=_LEIPZIG,
        choice=Choice.FIRST,
        expected=Expected("evidence", "approved", documents=Choice.FIRST, facts=_WITH_EVIDENCE),
    ),
    Story(
        key="decline",
        title="The citizen declines",
        evidence="residence-certificate",
        person="giulia",
        login="giulia",
        inputs=_BERLIN,
        choice=Choice.NONE,
        expected=Expected("error", "declined", code="EDM:ERR:0002", facts=_DECLINED),
    ),
    Story(
        key="deferred",
        title="The register answers tomorrow",
        evidence="residence-certificate",
        person="lucia",
        login="lucia",
        inputs=_NIEBUELL,
        expected=Expected("deferred", "deferred", facts=("provider-answered", "settled", "closed")),
    ),
    Story(
        key="unknown-person",
        title="Somebody else logs in",
        evidence="residence-certificate",
        person="giulia",
        login="paolo",
        expected=Expected(
            "error", "unknown-person", code="EDM:ERR:0001", facts=("citizen-not-matched", "settled", "closed")
        ),
    ),
    Story(
        key="unmapped",
        title="No register is connected for the evidence type",
        evidence="fishing-licence",
        person="giulia",
        login=None,
        expected=Expected("error", "unmapped", code="EDM:ERR:0004", facts=("request-refused", "closed")),
    ),
    Story(
        key="register-down",
        title="The register is down and comes back while the citizen waits",
        evidence="birth-certificate",
        person="bjoern",
        login="bjoern",
        down="civil-status-register",
        inputs={"standesamt": "München"},
        expected=Expected(
            "evidence",
            "approved",
            documents=Choice.ALL,
            facts=(
                "citizen-identified",
                "provider-asked",
                "provider-unavailable",
                "provider-answered",
                "closed",
            ),
        ),
    ),
)
"""All stories, in the order of the final table."""


def platform_commands(world: World, *commands: Sequence[str]) -> list[Any]:
    """Run `intermediary … --json` with the platform's settings; what each command prints, read.

    All commands in one process, since starting it takes longer than what it does. Raises
    subprocess.CalledProcessError.
    """
    done = subprocess.run(
        [sys.executable, "-c", _COMMANDS, json.dumps([[*command, "--json"] for command in commands])],
        env=os.environ | {"INTERMEDIARY_SETTINGS": str(world.data("platform").resolve() / "platform.toml")},
        capture_output=True,
        check=True,
        text=True,
        timeout=120,
    )
    printed, rest = [], done.stdout.strip()
    while rest:
        value, end = json.JSONDecoder().raw_decode(rest)
        printed.append(value)
        rest = rest[end:].lstrip()
    return printed


def tell(
    world: World,
    story: Story,
    version: str,
    come_back: Callable[[], None] | None = None,
    *,
    patience: float = 60,
) -> Told:
    """Tell one story in one version; `come_back` is called when the citizen begins to wait for the register.

    Whatever goes wrong is a problem of the story, never an exception; the portal may take no more than
    `patience` seconds for a step, the visit has a bound of its own.
    """
    begin = time.monotonic()
    exchange: Mapping[str, Any] = {}
    visit, problems = None, list[str]()
    trust = ssl.create_default_context(cafile=str(world.authority))
    with httpx.Client(base_url=world.url("portal"), verify=trust, trust_env=False) as portal:
        try:
            exchange = _begin(portal, story, version)
            if story.login is not None:
                exchange = _wait(portal, exchange, lambda e: e["preview"] is not None or e["final"], patience)
            if story.login is not None and exchange["preview"] is not None:
                visit = _visit(world, story, exchange["preview"]["link"], come_back)
            exchange = _wait(portal, exchange, lambda e: e["final"], patience)
            problems += _compare(story.expected, exchange, visit)
        except (httpx.HTTPError, Lost, _TooLate) as problem:
            problems.append(f"{type(problem).__name__}: {problem}")
    return Told(story, version, tuple(problems), time.monotonic() - begin, exchange, visit)


def with_logs(world: World, told: Sequence[Told], *, patience: float = 30) -> tuple[Told, ...]:
    """The stories with what the platform's own log says of them, compared too.

    A story whose exchange is not closed within `patience` seconds has a problem.
    """
    until = time.monotonic() + patience
    while True:
        (rows,) = platform_commands(world, ("exchanges", "list", "--limit", "500"))
        found = {row["request_message_id"]: row for row in rows}
        mine = [found.get(one.request_message_id) for one in told]
        if all(row and row["state"] == "closed" for row in mine) or time.monotonic() > until:
            break
        time.sleep(0.2)
    logs = platform_commands(world, *(("exchanges", "show", row["id"]) for row in mine if row))
    by_id = {log["id"]: log for log in logs}
    return tuple(_with_log(one, by_id[row["id"]] if row else {}) for one, row in zip(told, mine, strict=True))


def _with_log(told: Told, log: Mapping[str, Any]) -> Told:
    found = _compare_log(told.story.expected, log) if log else ["the platform has no such exchange"]
    return replace(told, log=log, problems=(*told.problems, *found))


class _TooLate(RuntimeError):  # noqa: N818
    """Something did not happen in time."""


def _begin(portal: httpx.Client, story: Story, version: str) -> Mapping[str, Any]:
    body = {"evidence": story.evidence, "person": story.person, "version": version}
    if story.media_type:
        body["media_type"] = story.media_type
    begun: Mapping[str, Any] = portal.post("/api/exchanges", json=body).raise_for_status().json()
    return begun


def _wait(
    portal: httpx.Client,
    exchange: Mapping[str, Any],
    ready: Callable[[Mapping[str, Any]], bool],
    patience: float,
) -> Mapping[str, Any]:
    until = time.monotonic() + patience
    while time.monotonic() < until:
        seen: Mapping[str, Any] = portal.get(f"/api/exchanges/{exchange['id']}").raise_for_status().json()
        if ready(seen):
            return seen
        time.sleep(0.1)
    raise _TooLate(f"the exchange stays «{seen['state']}» at the portal")


def _visit(world: World, story: Story, link: str, come_back: Callable[[], None] | None) -> Visit:
    # The platform's pauses double: a register that is slow to come back costs a whole pause more.
    patience = 180 if story.down else 60
    with Citizen(world, story.login or "", inputs=story.inputs, waiting=come_back) as citizen:
        return citizen.visit(link, story.choice, patience=patience)


def _compare(expected: Expected, exchange: Mapping[str, Any], visit: Visit | None) -> list[str]:
    problems = []
    code = exchange["error"] and exchange["error"]["code"]
    if exchange["state"] != expected.state:
        problems.append(f"state at the portal is «{exchange['state']}», not «{expected.state}» ({code})")
    if code != expected.code:
        problems.append(f"error code is {code}, not {expected.code}")
    offered = visit.documents if visit else 0
    wanted = {Choice.ALL: max(offered, 1), Choice.FIRST: 1, Choice.NONE: 0}[expected.documents]
    if len(exchange["documents"]) != wanted:
        problems.append(f"{len(exchange['documents'])} documents at the portal, not {wanted} of {offered}")
    if expected.documents is Choice.FIRST and offered < 2:
        problems.append(f"{offered} documents were offered; a partial consent needs more")
    if visit and not visit.returned:
        problems.append(f"the citizen did not get back to the portal, but stayed at «{visit.headings[-1]}»")
    unacknowledged = [m["message_id"] for m in exchange["messages"] if m["acknowledgement"] != "receipt"]
    if unacknowledged:
        problems.append(f"no receipt for {', '.join(unacknowledged)}")
    return problems


def _compare_log(expected: Expected, log: Mapping[str, Any]) -> list[str]:
    problems = []
    if log["state"] != "closed":
        problems.append(f"the exchange is still «{log['state']}» in the platform's log")
    if log["outcome"] != expected.outcome:
        problems.append(f"outcome in the platform's log is «{log['outcome']}», not «{expected.outcome}»")
    rest = iter([event["fact"] for event in log["events"]])
    missing = [fact for fact in expected.facts if fact not in rest]
    if missing:
        problems.append(f"the platform's log lacks {', '.join(missing)} (or has another order)")
    return problems
