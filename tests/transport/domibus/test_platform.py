"""The whole platform process behind the gateway, by nothing but its settings."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from intermediary.app import Platform, build, create_app
from intermediary.as4 import EbmsErrorCode
from intermediary.exchange import SettingsInvalid
from intermediary.sandbox.domibus import Options
from intermediary.sandbox.platform_files import write_platform_files
from intermediary.sandbox.world import GATEWAY
from intermediary.settings import load_settings
from tests.exchange.house import a_request
from tests.transport.domibus.conftest import Server, Site, trust, until

NEVER = 3600


@contextmanager
def running(site: Site, *, poll_seconds: float, gateway_poll: float = 0.2) -> Iterator[Platform]:
    """The platform, serving."""
    site.world.secret("oidc")
    timing = {
        "send_retry": 0.2,
        "retry_ceiling": max(0.5, gateway_poll),
        "gateway_poll": gateway_poll,
        "send_attempts": 200,
    }
    path = write_platform_files(site.world, timing=timing)
    path.write_text(path.read_text().replace("poll_seconds = 2", f"poll_seconds = {poll_seconds}"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INTERMEDIARY_SETTINGS", str(path))
        platform = build(load_settings())
    server = Server(create_app(platform), site.world, "platform")
    try:
        yield platform
    finally:
        server.stop()
        platform.engine.dispose()


def an_unmapped_request(site: Site) -> str:
    """A request that is answered at once, with an error, and needs no citizen."""
    request = a_request()
    unknown = "https://sr.oots.tech.ec.europa.eu/evidencetypeclassifications/DE/"
    unknown += "00000000-0000-4000-8000-0000000000ff"
    wanted = replace(request.evidence_type, evidence_type_classification=unknown)
    return site.push(site.partner.pack(replace(request, evidence_type=wanted)))


def facts(platform: Platform) -> list[tuple[str, dict[str, str]]]:
    """Everything in the log, in order."""
    with platform.engine.connect() as connection:
        rows = connection.exec_driver_sql("select fact, data from event order by number").fetchall()
    return [(str(fact), json.loads(data)) for fact, data in rows]


def closed(platform: Platform) -> list[tuple[str, dict[str, str]]]:
    """The log once the one exchange is over."""

    def look() -> list[tuple[str, dict[str, str]]] | None:
        found = facts(platform)
        return found if any(fact == "closed" for fact, _ in found) else None

    found: list[tuple[str, dict[str, str]]] = until(look)
    return found


def test_told_by_push_alone(site: Site) -> None:
    """No sweep would come for an hour, and no look at a message under way."""
    site.options(push=True)
    with running(site, poll_seconds=NEVER, gateway_poll=NEVER) as platform:
        message_id = an_unmapped_request(site)
        log = closed(platform)
    assert site.partner.delivered[-1].header.ref_to_message_id == message_id
    names = [fact for fact, _ in log]
    order = ["request-received", "message-queued", "message-acknowledged", "closed"]
    assert [name for name in names if name in order] == order


def test_lost_notifications_are_found_by_the_sweep(site: Site) -> None:
    site.options(push=True, lose=10_000)
    with running(site, poll_seconds=0.3) as platform:
        an_unmapped_request(site)
        assert "message-acknowledged" in [fact for fact, _ in closed(platform)]
    assert site.gateway.options.lose < 10_000


def test_the_gateway_is_down_while_it_has_our_answer(site: Site) -> None:
    with running(site, poll_seconds=0.2) as platform:
        site.options(send=False)
        an_unmapped_request(site)
        until(lambda: any(fact == "message-submitted" for fact, _ in facts(platform)))
        site.stop(GATEWAY)
        site.start_gateway(Options(push=False))
        log = closed(platform)
    assert [fact for fact, _ in log].count("message-submitted") == 1
    assert len(site.partner.delivered) == 1


def test_the_gateway_is_down_before_the_answer_is_submitted(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(site, poll_seconds=0.2) as platform:
        assert platform.plugin is not None
        real = platform.plugin.status
        asked: list[str] = []

        def status(message_id: str) -> str:
            if not asked:
                asked.append(message_id)
                site.stop(GATEWAY)
            return real(message_id)

        monkeypatch.setattr(platform.plugin, "status", status)
        an_unmapped_request(site)
        failed = until(lambda: [data for fact, data in facts(platform) if fact == "send-failed"])
        site.start_gateway(Options(push=False))
        names = [fact for fact, _ in closed(platform)]
    assert "ConnectError" in failed[0]["reason"]
    assert names[-2:] == ["message-acknowledged", "closed"]
    assert len(site.partner.delivered) == 1


def test_send_failure_gives_up_with_the_code(site: Site) -> None:
    site.options(attempts=3, retry_seconds=0.6, push=True)
    site.partner.refusals = [EbmsErrorCode.PROCESSING_MODE_MISMATCH] * 3
    with running(site, poll_seconds=0.3) as platform:
        an_unmapped_request(site)
        log = closed(platform)
    (failed,) = [data for fact, data in log if fact == "send-failed"]
    assert failed["reason"] == "WAITING_FOR_RETRY EBMS:0010"
    (given_up,) = [data for fact, data in log if fact == "delivery-given-up"]
    assert given_up["reason"] == "SEND_FAILURE EBMS:0010"
    assert [fact for fact, _ in log][-1] == "closed"


def test_there_is_no_as4_endpoint_beside_the_gateway(site: Site) -> None:
    with running(site, poll_seconds=NEVER), httpx.Client(verify=trust(site.world), trust_env=False) as http:
        assert http.post(site.world.url("platform", "/as4")).status_code == 404
        assert http.post(site.world.url("platform", "/domibus/backend")).status_code == 401


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[gateway]", "[elsewhere]", "as4_signing"),
        ("push_password_file", "# ", "push_password_file"),
        ("max_answer_bytes = 1", "max_answer_bytes = 99999999999", "max_answer_bytes"),
        ("poll_seconds = 2", "poll_seconds = 0", "poll_seconds"),
        ("poll_seconds = 2", 'client_certificate = "x"', "belong together"),
        ("poll_seconds = 2", 'pull = "x"', "pull"),
    ],
)
def test_settings_that_contradict_each_other(
    site: Site, monkeypatch: pytest.MonkeyPatch, old: str, new: str, told: str
) -> None:
    site.world.secret("oidc")
    path: Path = write_platform_files(site.world)
    text = path.read_text().replace("push = true", "push = true\nmax_answer_bytes = 1")
    assert old in text
    path.write_text(text.replace(old, new))
    monkeypatch.setenv("INTERMEDIARY_SETTINGS", str(path))
    with pytest.raises(SettingsInvalid, match=told):
        load_settings()
