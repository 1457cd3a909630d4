"""Power cuts: the platform's process is killed at the worst moments; the exchange ends as it should."""

import contextlib
import json
import ssl
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from intermediary.sandbox.citizen import Choice, Citizen
from intermediary.sandbox.stories import Story, Told, tell
from intermediary.sandbox.supervisor import Sandbox, client_context
from intermediary.sandbox.world import World
from tests.end_to_end.conftest import BY_KEY, PATIENCE, Stories, freeze, story_of, thaw

pytestmark = [pytest.mark.xdist_group("sandbox"), pytest.mark.slow]

REGISTERS = ("vehicle-register", "residents-register", "civil-status-register", "business-register")
SLOW = Story(
    key="slow",
    title="The register needs three seconds",
    evidence="residence-certificate",
    person="marco",
    login="marco",
    inputs={"gemeindeschluessel": "05315000"},
    expected=BY_KEY["approve-all"].expected,
)


class Interrupted(Citizen):
    """A citizen to whom something happens before their login and while they decide."""

    before_login: Callable[[], None] = staticmethod(lambda: None)
    before_decision: Callable[[], None] = staticmethod(lambda: None)
    after_decision: Callable[[], None] = staticmethod(lambda: None)

    def _log_in(self, forms: Any) -> None:
        self.before_login()
        super()._log_in(forms)

    def _decide(self, form: Any, choice: Choice) -> None:
        self.before_decision()
        super()._decide(form, choice)
        self.after_decision()


def _requests(world: World) -> dict[str, int]:
    """Request id to how often it came, over all registers."""
    found: dict[str, int] = {}
    for register in REGISTERS:
        url = world.url(register, "/_sandbox/requests")
        with urllib.request.urlopen(url, context=client_context(world)) as answer:
            found |= {one["id"]: one["asked"] for one in json.load(answer)["requests"]}
    return found


def _power_cut(sandbox: Sandbox) -> None:
    sandbox.kill("platform")
    sandbox.start(["platform"])


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> type[Interrupted]:
    """The citizen of the next story; set what happens to them."""

    class Ours(Interrupted):
        pass

    monkeypatch.setattr("intermediary.sandbox.stories.Citizen", Ours)
    return Ours


def _tell(sandbox: Sandbox, story: Story, version: str, waiting: Callable[[], None] | None = None) -> Told:
    """The story goes as if nothing had happened, and nothing is doubled anywhere."""
    before = _requests(sandbox.world)
    told = tell(sandbox.world, story, version, waiting, patience=PATIENCE)
    assert told.problems == ()
    log = story_of(sandbox.world, told.request_message_id or "")
    assert log.intact
    assert log.summary.outcome == story.expected.outcome
    new = {request: n for request, n in _requests(sandbox.world).items() if request not in before}
    assert len(new) == 1, "the register may be asked again, but for the same request"
    received = [m for m in told.exchange["messages"] if m["direction"] == "in"]
    assert [m["action"] for m in received] == ["ExceptionResponse", "ExecuteQueryResponse"]
    _assert_received_once(sandbox.world, {m["message_id"] for m in received})
    facts = [str(event.fact) for event in log.events]
    for fact in ("request-received", "citizen-identified", "decided", "evidence-destroyed", "closed"):
        assert facts.count(fact) == 1, fact
    return told


def _assert_received_once(world: World, ids: set[str]) -> None:
    """The portal keeps each message in a folder, and answers repeats with the old receipt."""
    kept = [folder.name[5:] for folder in (world.data("portal") / "received").iterdir()]
    assert sorted(name for name in kept if name in ids) == sorted(ids)
    assert len(set(kept)) == len(kept)


def test_while_it_waits_for_the_citizen(
    stories: Stories, sandbox: Sandbox, interrupted: type[Interrupted]
) -> None:
    interrupted.before_login = staticmethod(lambda: _power_cut(sandbox))
    _tell(sandbox, BY_KEY["approve-all"], "2.0")


def test_while_the_register_is_asked_and_answers_later(stories: Stories, sandbox: Sandbox) -> None:
    """The citizen, who waits, meets the same session after the restart."""
    _tell(sandbox, SLOW, "1.2", lambda: _power_cut(sandbox))


def test_while_the_citizen_looks_at_the_evidence(
    stories: Stories, sandbox: Sandbox, interrupted: type[Interrupted]
) -> None:
    interrupted.before_decision = staticmethod(lambda: _power_cut(sandbox))
    _tell(sandbox, BY_KEY["approve-all"], "1.2")


def test_right_after_the_decision_while_the_portal_hangs(
    stories: Stories, sandbox: Sandbox, interrupted: type[Interrupted]
) -> None:
    """The portal has accepted the connection, and neither reads nor answers, when the power goes."""

    def freeze_portal() -> None:
        freeze(sandbox, "portal")

    def cut() -> None:
        try:
            _power_cut(sandbox)
        finally:
            thaw(sandbox, "portal")

    interrupted.before_decision = staticmethod(freeze_portal)
    interrupted.after_decision = staticmethod(cut)
    with contextlib.ExitStack() as always:
        always.callback(thaw, sandbox, "portal")
        _tell(sandbox, BY_KEY["approve-all"], "2.0")


def test_three_times_in_one_exchange(
    stories: Stories, sandbox: Sandbox, interrupted: type[Interrupted]
) -> None:
    interrupted.before_login = staticmethod(lambda: _power_cut(sandbox))
    interrupted.before_decision = staticmethod(lambda: _power_cut(sandbox))
    interrupted.after_decision = staticmethod(lambda: _power_cut(sandbox))
    _tell(sandbox, SLOW, "2.0")


def test_the_platform_is_ready_after_all(sandbox: Sandbox) -> None:
    trust = ssl.create_default_context(cafile=str(sandbox.world.authority))
    with urllib.request.urlopen(sandbox.world.url("platform", "/health/ready"), context=trust) as answer:
        assert answer.status == 200
