"""What arrives: stored before the gateway may delete, each message once."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from intermediary import audit, store
from intermediary.app import Platform, build
from intermediary.as4 import DigestReference, Payload, UserMessage
from intermediary.sandbox.platform_files import write_platform_files
from intermediary.settings import load_settings
from intermediary.transport.domibus import Inbox, WsPlugin
from tests.exchange.house import a_request
from tests.transport.domibus.conftest import Site


@pytest.fixture
def settings(site: Site, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The platform's settings behind the gateway, named by the environment."""
    site.world.secret("oidc")
    path = write_platform_files(site.world)
    monkeypatch.setenv("INTERMEDIARY_SETTINGS", str(path))
    return path


@pytest.fixture
def platform(settings: Path) -> Iterator[Platform]:
    platform = build(load_settings())
    yield platform
    platform.engine.dispose()


def inbox_of(platform: Platform) -> Inbox:
    assert platform.plugin is not None
    return Inbox(platform.plugin, platform.exchanges.access_point, 1)


def stored(platform: Platform) -> list[tuple[str, str]]:
    """MessageId and state of what came in."""
    with platform.engine.connect() as connection:
        rows = connection.exec_driver_sql("select message_id, state from message where direction = 'in'")
        return [(row[0], row[1]) for row in rows]


def refusals(platform: Platform) -> list[str]:
    """Reasons in the platform's log."""
    with platform.engine.connect() as connection:
        rows = connection.exec_driver_sql("select data from event where fact = 'message-refused'")
        return [str(row[0]) for row in rows]


def status(site: Site, message_id: str) -> str:
    return site.gateway.status(message_id, "RECEIVING")


def test_settings_alone_switch(platform: Platform) -> None:
    assert not platform.settings.as4_signing
    assert platform.plugin is not None


def test_taken_stored_and_only_then_marked(site: Site, platform: Platform) -> None:
    message_id = site.push()
    assert status(site, message_id) == "RECEIVED"
    assert inbox_of(platform).sweep() == 1
    assert stored(platform) == [(message_id, "stored")]
    assert status(site, message_id) == "DELETED", "retention 0"
    assert inbox_of(platform).sweep() == 0


def test_what_was_retrieved_is_what_was_sent(site: Site, plugin: WsPlugin) -> None:
    text = Payload("x%20y&z@portal.sandbox", "text/plain", b"\0\xff" * 5)
    packed = site.partner.pack(a_request(), extra_parts=(text,))
    arrival = plugin.retrieve(site.push(packed))
    assert arrival.header.action == "ExecuteQueryRequest"
    assert arrival.header.sender.id == site.world.party_id("portal")
    assert arrival.header.property("SpecificationId") is not None
    assert [p.media_type for p in arrival.payloads] == ["application/x-ebrs+xml", "text/plain"]
    assert arrival.payloads[1].data == b"\0\xff" * 5
    assert len(arrival.references) == 2


def test_killed_between_retrieve_and_store(site: Site, platform: Platform, settings: Path) -> None:
    """A power cut with the message in memory only: the gateway still has it."""
    message_id = site.push()
    script = """
        import os, signal, sys
        from intermediary.app import build
        from intermediary.settings import load_settings
        from intermediary.transport.domibus import Inbox
        platform = build(load_settings())
        point = platform.exchanges.access_point
        point._store = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        Inbox(platform.plugin, point, 1).sweep()
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], env=dict(os.environ), timeout=120, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert stored(platform) == []
    assert status(site, message_id) == "RECEIVED"
    assert inbox_of(platform).sweep() == 1
    assert stored(platform) == [(message_id, "stored")]


def test_killed_between_store_and_mark(
    site: Site, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes again, is recognised, and only marked."""
    message_id = site.push()
    assert platform.plugin is not None

    class PowerCut(BaseException):
        """Nothing catches it."""

    def cut(_message_id: str) -> None:
        raise PowerCut

    with monkeypatch.context() as patch, pytest.raises(PowerCut):
        patch.setattr(platform.plugin, "mark", cut)
        inbox_of(platform).sweep()
    assert status(site, message_id) == "RECEIVED"
    assert inbox_of(platform).sweep() == 0
    assert stored(platform) == [(message_id, "stored")]
    assert status(site, message_id) == "DELETED"


def test_two_processes_sweep_at_once(site: Site, platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one is through between our retrieval and our commit."""
    message_id = site.push()
    point = platform.exchanges.access_point
    real = point._store

    def late(*arguments: object) -> object:
        with monkeypatch.context() as patch:
            patch.setattr(point, "_store", real)
            inbox_of(platform).sweep()
        return real(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(point, "_store", late)
        inbox_of(platform).sweep()
    assert stored(platform) == [(message_id, "stored")]
    assert status(site, message_id) == "DELETED"


def test_an_older_plugin_that_knows_no_markasdownloaded(site: Site, platform: Platform) -> None:
    site.options(knows_mark=False, retention_downloaded=60)
    message_id = site.push()
    assert inbox_of(platform).sweep() == 1
    assert status(site, message_id) == "DOWNLOADED"
    assert stored(platform) == [(message_id, "stored")]


def test_a_partner_without_pmode_stays_at_the_gateway_and_is_told_once(
    site: Site, platform: Platform, settings: Path
) -> None:
    pmode = settings.parent / "pmodes" / "portal.yaml"
    pmode.write_text(pmode.read_text().replace("AP_IT_SANDBOX", "AP_FR_OTHER"))
    other = build(load_settings())
    message_id = site.push()
    inbox = inbox_of(other)
    assert [inbox.sweep(), inbox.sweep()] == [0, 0]
    assert stored(other) == []
    assert status(site, message_id) == "RECEIVED"
    (reason,) = refusals(other)
    assert "EBMS:0001" in reason
    assert message_id in reason
    assert inbox_of(platform).sweep() == 1, "the P-Mode is there again"
    other.engine.dispose()


def test_too_large_stays_at_the_gateway_and_the_setting_is_named(site: Site, platform: Platform) -> None:
    message_id = site.push()
    small = WsPlugin(site.access(max_answer_bytes=3000))
    inbox = Inbox(small, platform.exchanges.access_point, 1)
    assert [inbox.sweep(), inbox.sweep()] == [0, 0]
    (reason,) = refusals(platform)
    assert "gateway.max_answer_bytes" in reason
    assert status(site, message_id) == "RECEIVED"
    small.close()


def test_one_bad_message_does_not_hold_up_the_others(site: Site, platform: Platform) -> None:
    class Fussy:
        """Refuses the first."""

        def __init__(self) -> None:
            self.taken: list[str] = []
            self.away: list[str] = []

        def knows(self, _message_id: str) -> bool:
            return False

        def take(
            self,
            header: UserMessage,
            _payloads: tuple[Payload, ...],
            _references: tuple[DigestReference, ...],
        ) -> str | None:
            if not self.away:
                return "no"
            self.taken.append(header.message_id)
            return None

        def turn_away(self, message_id: str, reason: str) -> None:
            self.away.append(message_id)

    first, second = site.push(), site.push()
    fussy = Fussy()
    assert platform.plugin is not None
    assert Inbox(platform.plugin, fussy, 1).sweep() == 1
    assert (fussy.away, fussy.taken) == ([first], [second])


def test_the_log_stays_whole(site: Site, platform: Platform) -> None:
    site.push()
    inbox_of(platform).sweep()
    worker = platform.exchanges.worker("w")
    worker.run_due()
    (summary,) = audit.AuditLog(platform.engine).exchanges()
    story = audit.AuditLog(platform.engine).story(summary.id)
    assert story is not None
    assert story.intact
    assert store.is_current(platform.engine)
