"""The connector against a real HTTPS register: what arrives there, and what becomes of each way to answer."""

import asyncio
import json
import logging
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from starlette.responses import Response, StreamingResponse

from intermediary.exchange.contracts import ProviderUnavailable
from intermediary.mapping.model import Provider
from intermediary.national import NationalUnwritable
from intermediary.national.model import (
    Authority,
    Format,
    NationalAnswer,
    NationalEvidence,
    Outcome,
    Representation,
)
from intermediary.national.xnachweis import read_request
from intermediary.sandbox.world import World
from intermediary.transport.national import Connector, NationalSettings
from intermediary.transport.national.answers import PROBLEM
from intermediary.xml import parse
from tests.national.test_rest import HIT, VEHICLES
from tests.national.test_xnachweis import DELIVERED, REQUEST
from tests.transport.national.conftest import (
    NOW,
    Clock,
    Seen,
    Server,
    Step,
    answers,
    check,
    problem,
    says,
    sleeps,
)

LATER = NationalAnswer("r-1", Outcome.LATER, available_at=NOW + timedelta(minutes=10))
NOT_FOUND = NationalAnswer("r-1", Outcome.NOT_FOUND)


def unavailable(connector: Connector, provider: Provider) -> str:
    """Asks in vain; the reason, which names nothing personal."""
    with pytest.raises(ProviderUnavailable) as refused:
        connector.ask(provider, REQUEST)
    for secret in ("Müller", "Änne", "1980", "1234", "token-", "localhost"):
        assert secret not in str(refused.value)
    return str(refused.value)


# --- asking


def test_what_arrives_at_the_register(connector: Connector, provider: Provider, server: Server) -> None:
    server.script.append(answers(DELIVERED))
    assert connector.ask(provider, REQUEST) == DELIVERED
    (seen,) = server.seen
    assert (seen.method, seen.path, seen.query) == ("POST", "/v1/nachweisabrufe", "")
    assert read_request(parse(seen.body)) == REQUEST
    assert seen.headers["content-type"] == "application/xml"
    assert seen.headers["idempotency-key"] == "r-1"
    assert seen.headers["authorization"] == "Bearer token-1-for-urn:service:zfzr"
    assert seen.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("inline_limit", [0, 1_000_000])
def test_evidence_arrives_inline_or_beside(
    connector: Connector, provider: Provider, server: Server, inline_limit: int
) -> None:
    server.script.append(answers(DELIVERED, inline_limit=inline_limit))
    assert connector.ask(provider, REQUEST) == DELIVERED


def test_a_register_without_audience_gets_no_token(
    connector: Connector, provider: Provider, server: Server
) -> None:
    server.script.append(answers(NOT_FOUND))
    assert connector.ask(replace(provider, audience=None), REQUEST) == NOT_FOUND
    assert "authorization" not in server.seen[0].headers
    assert server.grants == []


def test_the_token_request(connector: Connector, provider: Provider, server: Server, clock: Clock) -> None:
    server.script.append(answers(NOT_FOUND))
    connector.ask(provider, REQUEST)
    (form,), (assertion,) = server.grants, server.assertions
    assert form.pop("client_assertion")
    assert form == {
        "grant_type": "client_credentials",
        "scope": "nachweisabruf",
        "audience": "urn:service:zfzr",
        "client_id": "platform",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    }
    assert assertion.pop("jti")
    assert assertion == {
        "alg": "ES256",
        "typ": "JWT",
        "kid": server.client_key.thumbprint(),
        "iss": "platform",
        "sub": "platform",
        "aud": f"{server.url}/token",
        "iat": int(clock.now.timestamp()),
        "exp": int(clock.now.timestamp()) + 60,
    }


def test_a_token_serves_its_audience_until_shortly_before_its_end(
    connector: Connector, provider: Provider, server: Server, clock: Clock
) -> None:
    server.script.append(answers(NOT_FOUND))
    connector.ask(provider, REQUEST)
    clock.advance(seconds=269)
    connector.ask(provider, REQUEST)
    assert len(server.grants) == 1
    clock.advance(seconds=1)
    connector.ask(provider, REQUEST)
    assert len(server.grants) == 2
    connector.ask(replace(provider, audience="urn:service:other"), REQUEST)
    assert [form["audience"] for form in server.grants[1:]] == ["urn:service:zfzr", "urn:service:other"]


def test_threads_share_one_token_and_are_not_queued_up(
    connector: Connector, provider: Provider, server: Server
) -> None:
    together = threading.Barrier(4)

    def waits(seen: Seen) -> Response:
        response = answers(NOT_FOUND)(seen)
        assert isinstance(response, Response)
        return response

    async def meet(seen: Seen) -> Response:
        # Passes only if all four calls are under way at once.
        await asyncio.get_running_loop().run_in_executor(None, together.wait, 5)
        return waits(seen)

    server.script.append(meet)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: connector.ask(provider, REQUEST), range(4)))
    assert found == [NOT_FOUND] * 4
    assert len(server.grants) == 1


def test_a_refused_token_is_renewed_once(connector: Connector, provider: Provider, server: Server) -> None:
    server.script.extend([answers(NOT_FOUND), says(401), answers(NOT_FOUND)])
    connector.ask(provider, REQUEST)
    assert connector.ask(provider, REQUEST) == NOT_FOUND
    used = [seen.headers["authorization"].split("-")[1] for seen in server.seen]
    assert used == ["1", "1", "2"]
    server.script.extend([says(401)])
    server.script.popleft()
    assert unavailable(connector, provider) == "HTTP 401"
    assert len(server.grants) == 3


@pytest.mark.parametrize(
    "response",
    [
        Response(status_code=400),
        Response(status_code=503),
        Response(b"<html/>"),
        Response(b"[" * 100_000),
        Response(b'{"access_token": "a b", "token_type": "Bearer"}'),
        Response(b'{"access_token": "a\\r\\nX: y", "token_type": "Bearer"}'),
        Response(b'{"access_token": "a", "token_type": "mac"}'),
        Response(b'{"access_token": "a", "token_type": "Bearer", "expires_in": -1}'),
        Response(b'{"access_token": 1, "token_type": "Bearer"}'),
        Response(b'{"access_token": "a", "token_type": "Bearer", "expires_in": NaN}'),
    ],
)
def test_without_a_token_nobody_is_asked(
    connector: Connector, provider: Provider, server: Server, response: Response
) -> None:
    server.script.append(answers(DELIVERED))
    server.broken_token = response
    assert unavailable(connector, provider).startswith("token: ")
    assert server.seen == []


def test_an_iam_that_fails_in_a_row_is_left_alone(
    connector: Connector, provider: Provider, server: Server
) -> None:
    server.script.append(answers(DELIVERED))
    server.broken_token = Response(status_code=500)
    for _ in range(3):
        assert unavailable(connector, provider) == "token: HTTP 500"
    server.broken_token = None
    assert "circuit breaker" in unavailable(connector, provider)
    assert server.grants == []
    assert connector.ask(replace(provider, audience=None), REQUEST) == DELIVERED


def test_a_key_that_the_iam_does_not_know_gets_no_token(
    settings: NationalSettings, provider: Provider, server: Server, world: World, clock: Clock
) -> None:
    server.script.append(answers(DELIVERED))
    with Connector(replace(settings, token_key=world.key("iam", "token")), check, clock) as connector:
        assert unavailable(connector, provider) == "token: HTTP 401"


# --- later


def test_a_later_answer_is_polled(connector: Connector, provider: Provider, server: Server) -> None:
    server.script.append(says(202, location="/v1/nachweisabrufe/r-1", retry_after="120"))
    first = connector.ask(provider, REQUEST)
    assert first.outcome is Outcome.LATER
    assert first.available_at == NOW + timedelta(seconds=120)
    assert first.poll_url == f"{server.url}/v1/nachweisabrufe/r-1"
    server.script.clear()
    server.script.extend([says(202), answers(DELIVERED)])
    again = connector.poll(provider, "r-1", first.poll_url)
    assert (again.outcome, again.poll_url) == (Outcome.LATER, first.poll_url)
    assert connector.poll(provider, "r-1", first.poll_url) == DELIVERED
    last = server.seen[-1]
    assert (last.method, last.path) == ("GET", "/v1/nachweisabrufe/r-1")
    assert last.headers["authorization"].startswith("Bearer token-1")


@pytest.mark.parametrize(
    ("retry_after", "expected"),
    [
        ("Sun, 01 Mar 2026 13:00:00 GMT", NOW + timedelta(hours=1)),
        ("Sun, 01 Mar 2026 11:00:00 GMT", NOW),
        ("soon", NOW),
        ("-5", NOW),
        ("9" * 40, NOW + timedelta(days=30)),
        ("9" * 5000, NOW),
    ],
)
def test_retry_after_is_a_wish(
    connector: Connector, provider: Provider, server: Server, retry_after: str, expected: datetime
) -> None:
    server.script.append(says(202, location="/x", retry_after=retry_after))
    assert connector.ask(provider, REQUEST).available_at == expected


def test_a_later_message_says_when(connector: Connector, provider: Provider, server: Server) -> None:
    server.script.append(answers(LATER, status=202, location="/x", retry_after="60"))
    assert connector.ask(provider, REQUEST).available_at == LATER.available_at
    server.script.clear()
    server.script.append(answers(LATER))
    assert connector.ask(provider, REQUEST) == LATER


@pytest.mark.parametrize(
    "location",
    [
        "https://evil.example/x",
        "https://localhost/x",
        "http://localhost:{port}/x",
        "//evil.example/x",
        "https://localhost:{port}@evil.example/",
        "https://evil@localhost:{port}/",
        "https://localhost:99999999/",
        "https://[::1/",
        "file:///etc/passwd",
        "\\\\evil.example\\x",
    ],
)
def test_a_poll_location_stays_on_the_providers_origin(
    connector: Connector, provider: Provider, server: Server, location: str
) -> None:
    location = location.format(port=server.url.rpartition(":")[2])
    server.script.append(says(202, location=location))
    if location.startswith("\\"):
        # A relative path for RFC 3986: it must lead nowhere else.
        poll_url = connector.ask(provider, REQUEST).poll_url
        assert poll_url is not None
        assert poll_url.startswith(f"{server.url}/")
        return
    assert "origin" in unavailable(connector, provider)
    with pytest.raises(ProviderUnavailable, match="origin"):
        connector.poll(provider, "r-1", location)
    assert len(server.seen) == 1


def test_a_later_without_location_is_not_usable(
    connector: Connector, provider: Provider, server: Server
) -> None:
    server.script.append(says(202))
    assert "Location" in unavailable(connector, provider)
    server.script.clear()
    server.script.append(answers(DELIVERED, status=202, location="/x"))
    assert "202" in unavailable(connector, provider)


# --- problems


@pytest.mark.parametrize(
    ("step", "outcome"),
    [
        (problem(404), Outcome.NOT_FOUND),
        (problem(409), Outcome.AMBIGUOUS),
        (problem(422), Outcome.REJECTED),
        (problem(403), Outcome.REJECTED),
        (problem(400, f"{PROBLEM}rejected"), Outcome.REJECTED),
        (problem(404, f"{PROBLEM}not-found"), Outcome.NOT_FOUND),
        (problem(404, f"{PROBLEM}unknown-request"), None),
        (problem(404, "https://example.org/another"), None),
        (problem(400), None),
        (problem(429), None),
        (says(404), None),
        (says(404, b"<html/>", content_type="text/html"), None),
        (says(404, b"[]", content_type="application/problem+json"), None),
        (says(404, b"{", content_type="application/problem+json"), None),
    ],
)
def test_problems_are_mapped_by_type_then_status(
    connector: Connector, provider: Provider, server: Server, step: Step, outcome: Outcome | None
) -> None:
    server.script.append(step)
    if outcome is None:
        assert unavailable(connector, provider).startswith("HTTP 4")
    else:
        answer = connector.ask(provider, REQUEST)
        assert (answer.outcome, answer.request_id) == (outcome, "r-1")


def test_a_forgotten_request_is_not_a_missing_evidence(
    connector: Connector, provider: Provider, server: Server
) -> None:
    server.script.append(problem(404))
    with pytest.raises(ProviderUnavailable):
        connector.poll(provider, "r-1", f"{server.url}/x")


# --- answers that may not be believed


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (says(200, b"<html/>", content_type="text/html"), "XN-CONTENT-TYPE"),
        (says(200), "XN-CONTENT-TYPE"),
        (says(200, b"<a", content_type="application/xml"), "XML-WELL-FORMED"),
        (says(200, b"<!DOCTYPE a><a/>", content_type="application/xml"), "XML-NO-DOCTYPE"),
        (says(200, b"<a/>", content_type="application/xml"), "XSD:"),
        (says(200, b"", content_type="multipart/related"), "XN-MULTIPART"),
        (answers(replace(DELIVERED, request_id="r-2")), "another request"),
        (says(200, b"x", content_encoding="gzip"), "compressed"),
        (says(200, b"x" * 1024 * 1025), "bytes"),
        (says(302, location="https://evil.example/"), "HTTP 302"),
        (says(307, location="/elsewhere"), "HTTP 307"),
        (says(204), "HTTP 204"),
    ],
)
def test_what_is_no_answer_is_not_believed(
    connector: Connector, provider: Provider, server: Server, step: Step, reason: str
) -> None:
    server.script.append(step)
    assert reason in unavailable(connector, provider)
    assert len(server.seen) == 1


def test_a_missing_attachment_is_noticed(connector: Connector, provider: Provider, server: Server) -> None:
    def cut(seen: Seen) -> Response:
        whole = answers(DELIVERED)(seen)
        assert isinstance(whole, Response)
        head, found, _ = bytes(whole.body).partition(b"\r\nContent-Type: application/pdf")
        assert found
        return Response(head + b"--", headers={"content-type": whole.headers["content-type"]})

    server.script.append(cut)
    assert "XN-ATTACHMENT-MISSING" in unavailable(connector, provider)


def test_a_request_that_is_not_valid_is_not_sent(
    connector: Connector, provider: Provider, server: Server
) -> None:
    server.script.append(answers(DELIVERED))
    for request in (
        replace(REQUEST, additional=(("licence_plate", " "),)),
        replace(REQUEST, additional=(("licence_plate", "\0"),)),
        replace(REQUEST, language="not a language"),
    ):
        with pytest.raises(NationalUnwritable) as refused:
            connector.ask(provider, request)
        assert refused.value.problems
    assert server.seen == []


def test_an_unknown_protocol_is_unavailable(connector: Connector, provider: Provider) -> None:
    assert "protocol" in unavailable(connector, replace(provider, protocol="soap"))
    with pytest.raises(ProviderUnavailable):
        connector.poll(replace(provider, protocol="rest"), "r-1", provider.url)


def test_only_https_is_spoken(connector: Connector, provider: Provider, server: Server) -> None:
    unavailable(connector, replace(provider, url=provider.url.replace("https", "http")))
    assert server.seen == []


# --- failing


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_gateway_failure_is_tried_again_at_once(
    connector: Connector, provider: Provider, server: Server, status: int
) -> None:
    server.script.extend([says(status), says(status), answers(DELIVERED)])
    assert connector.ask(provider, REQUEST) == DELIVERED
    assert {seen.headers["idempotency-key"] for seen in server.seen} == {"r-1"}
    assert len(server.seen) == 3


def test_attempts_are_few(connector: Connector, provider: Provider, server: Server) -> None:
    server.script.append(says(503))
    assert unavailable(connector, provider) == "HTTP 503"
    assert len(server.seen) == 3


@pytest.mark.parametrize("step", [says(500), problem(500), problem(501)])
def test_a_failure_of_the_register_is_left_for_later(
    connector: Connector, provider: Provider, server: Server, step: Step
) -> None:
    server.script.append(step)
    assert unavailable(connector, provider).startswith("HTTP 50")
    assert len(server.seen) == 1


def test_a_silent_register_is_given_up(
    settings: NationalSettings, provider: Provider, server: Server, clock: Clock
) -> None:
    server.script.append(sleeps(0.5, answers(DELIVERED)))
    with Connector(replace(settings, read_seconds=0.1), check, clock) as connector:
        assert unavailable(connector, replace(provider, audience=None)) == "timeout: ReadTimeout"
    assert len(server.seen) == 1


def test_a_dripping_register_is_given_up(
    settings: NationalSettings, provider: Provider, server: Server, clock: Clock
) -> None:
    async def drops() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.02)

    server.script.append(lambda _: StreamingResponse(drops(), media_type="application/xml"))
    with Connector(replace(settings, total_seconds=0.1), check, clock) as connector:
        reason = unavailable(connector, replace(provider, audience=None))
    assert reason == "timeout: the answer did not come to its end"


def test_a_register_that_is_down_is_unavailable(connector: Connector, provider: Provider) -> None:
    with socket.create_server(("localhost", 0)) as closed:
        port = closed.getsockname()[1]
    down = replace(provider, url=f"https://localhost:{port}", audience=None)
    assert unavailable(connector, down) == "connection failed: ConnectError"


def test_a_server_of_another_authority_is_not_trusted(
    settings: NationalSettings, provider: Provider, server: Server, world: World, clock: Clock
) -> None:
    stranger = world.certificate("platform", "token")
    with Connector(replace(settings, ca=stranger), check, clock) as connector:
        assert "ConnectError" in unavailable(connector, replace(provider, audience=None))
    assert server.seen == []


def test_key_and_certificate_must_fit(settings: NationalSettings, world: World, clock: Clock) -> None:
    with pytest.raises(ssl.SSLError):
        Connector(replace(settings, client_key=world.key("iam", "token")), check, clock)


def test_a_provider_that_fails_in_a_row_is_left_alone(
    settings: NationalSettings, provider: Provider, server: Server, clock: Clock
) -> None:
    with Connector(replace(settings, attempts=1, breaker_seconds=0), check, clock) as connector:
        server.script.append(says(500))
        for _ in range(3):
            assert unavailable(connector, provider) == "HTTP 500"
        # With no pause the breaker lets one trial through at once, and closes on success.
        server.script.clear()
        server.script.append(answers(NOT_FOUND))
        assert connector.ask(provider, REQUEST) == NOT_FOUND


def test_an_open_breaker_spares_the_provider_and_no_other(
    settings: NationalSettings, provider: Provider, server: Server, clock: Clock
) -> None:
    with Connector(replace(settings, attempts=1), check, clock) as connector:
        server.script.append(says(500))
        for _ in range(3):
            unavailable(connector, provider)
        assert "circuit breaker" in unavailable(connector, provider)
        assert len(server.seen) == 3
        assert unavailable(connector, replace(provider, key="another")) == "HTTP 500"
        assert len(server.seen) == 4


def test_refusals_and_unreadable_answers_do_not_open_the_breaker(
    settings: NationalSettings, provider: Provider, server: Server, clock: Clock
) -> None:
    with Connector(replace(settings, attempts=1), check, clock) as connector:
        server.script.append(says(404))
        for _ in range(5):
            assert unavailable(connector, provider) == "HTTP 404"


# --- REST


@pytest.fixture
def rest_provider(provider: Provider) -> Provider:
    """A JSON provider: data only."""
    return replace(provider, key="rest", protocol="rest", url=f"{provider.url}/api", options=VEHICLES)


def gives(document: object, status: int = 200, **headers: str) -> Step:
    return says(status, json.dumps(document).encode(), content_type="application/json", **headers)


def test_a_rest_provider_is_asked_by_data_alone(
    connector: Connector, rest_provider: Provider, server: Server
) -> None:
    server.script.append(gives(HIT))
    answer = connector.ask(rest_provider, REQUEST)
    assert (answer.outcome, answer.code, len(answer.evidences)) == (Outcome.DELIVERED, "OK-1", 1)
    (seen,) = server.seen
    assert (seen.method, seen.query) == ("POST", "purpose=V2")
    assert seen.path == "/api/v2/vehicles/B%20AB%201234/extracts"
    assert json.loads(seen.body)["person"] == {"name": "Müller", "born": "1980-05-17"}
    assert seen.headers["idempotency-key"] == "r-1"
    assert seen.headers["x-purpose"] == "EU-OOTS"
    assert seen.headers["authorization"].startswith("Bearer ")


@pytest.mark.parametrize(
    ("step", "outcome"),
    [
        (gives({}, 404), Outcome.NOT_FOUND),
        (says(409), Outcome.AMBIGUOUS),
        (gives({"result": "NONE"}), Outcome.NOT_FOUND),
    ],
)
def test_a_rest_provider_says_no(
    connector: Connector, rest_provider: Provider, server: Server, step: Step, outcome: Outcome
) -> None:
    server.script.append(step)
    assert connector.ask(rest_provider, REQUEST).outcome is outcome


def test_a_rest_provider_is_asked_again_later(
    connector: Connector, rest_provider: Provider, server: Server
) -> None:
    server.script.append(gives({}, 202, retry_after="30"))
    answer = connector.ask(rest_provider, REQUEST)
    assert (answer.outcome, answer.poll_url) == (Outcome.LATER, None)
    assert answer.available_at == NOW + timedelta(seconds=30)


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (gives({}), "XR-OUTCOME"),
        (gives({}, 418), "HTTP 418"),
        (gives({}, 503), "HTTP 503"),
        (says(200), "XR-CONTENT-TYPE"),
    ],
)
def test_a_rest_provider_is_not_understood(
    connector: Connector, rest_provider: Provider, server: Server, step: Step, reason: str
) -> None:
    server.script.append(step)
    assert reason in unavailable(connector, rest_provider)


def linking(href: str) -> Callable[[Seen], Response]:
    document = {"result": "HIT", "documents": [{**HIT["documents"][0], "href": href}]}  # type: ignore[dict-item]

    def step(seen: Seen) -> Response:
        if seen.method == "GET":
            return Response(b"%PDF linked", media_type="application/pdf")
        return Response(json.dumps(document), media_type="application/json")

    return step


def test_linked_documents_are_fetched_from_the_same_origin_only(
    connector: Connector, rest_provider: Provider, server: Server
) -> None:
    options = deepcopy(VEHICLES)
    options["answer"]["evidence"]["representations"] = [{"media_type": "application/pdf", "link": "$.href"}]
    provider = replace(rest_provider, options=options)
    server.script.append(linking("/files/7.pdf"))
    (found,) = connector.ask(provider, REQUEST).evidences
    assert found == NationalEvidence(
        "7",
        REQUEST.evidence_type,
        Authority("kba", "Kraftfahrt-Bundesamt"),
        date(2026, 2, 1),
        (Representation(Format("application/pdf"), b"%PDF linked"),),
        valid_until=date(2027, 1, 31),
    )
    assert server.seen[-1].path == "/files/7.pdf"
    server.script.clear()
    server.script.append(linking("https://evil.example/7.pdf"))
    assert "origin" in unavailable(connector, provider)


def test_a_broken_description_is_no_matter_of_trying_again(
    connector: Connector, rest_provider: Provider, server: Server
) -> None:
    with pytest.raises(NationalUnwritable):
        connector.ask(replace(rest_provider, options={}), REQUEST)


def test_no_log_line_names_what_was_asked(
    connector: Connector, rest_provider: Provider, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.script.extend([says(503), gives(HIT)])
    connector.ask(rest_provider, REQUEST)
    for secret in ("1234", "Müller", "token-1", "1980"):
        assert secret not in caplog.text
