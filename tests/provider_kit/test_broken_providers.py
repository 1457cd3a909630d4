"""Providers that break one rule each fail in the case of that rule."""

import asyncio
import json
import re
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from intermediary import xml
from intermediary.national import xnachweis
from intermediary.national.model import NationalAnswer, Outcome
from intermediary.provider_kit import CASES, Plan, Report, Verdict, as_html, read_plan, run_kit
from intermediary.sandbox.registers import vehicles
from intermediary.sandbox.supervisor import client_context
from tests.provider_kit.conftest import VEHICLES, Bench
from tests.provider_kit.test_sandbox_registers import explained, verdicts

Next = Callable[[Request], Awaitable[Response]]
Change = Callable[[Request, Next], Awaitable[Response]]
PLAN = read_plan(VEHICLES)
SHORT = PLAN.model_copy(update={"cases": {"delivered": PLAN.cases["delivered"]}})


def failed(report: Report) -> set[str]:
    return {case for case, verdict in verdicts(report).items() if verdict is Verdict.FAIL}


def tried(bench: Bench, change: Change | None, plan: Plan = SHORT, **served: bool) -> Report:
    app = vehicles.create_app(bench.world)
    if change is not None:
        app.middleware("http")(change)
    with bench.served(app, **served) as url:
        return bench.run(bench.provider(url, "zfzr"), plan, connect_seconds=2, read_seconds=1.5)


async def _body(answer: Response) -> bytes:
    return b"".join([chunk async for chunk in answer.body_iterator])  # type: ignore[attr-defined]


def _rewritten(change: Callable[[bytes], bytes]) -> Change:
    async def changed(request: Request, proceed: Next) -> Response:
        answer = await proceed(request)
        body = await _body(answer)
        headers = {k: v for k, v in answer.headers.items() if k != "content-length"}
        good = answer.status_code == 200
        return Response(change(body) if good else body, answer.status_code, headers)

    return changed


async def _any_token(request: Request, proceed: Next) -> Response:
    """Asks the register with a token that was good once, whatever came."""
    good = getattr(_any_token, "good", None)
    if good is None and "authorization" in request.headers:
        good = _any_token.good = request.headers["authorization"]  # type: ignore[attr-defined]
    headers = [(k, v) for k, v in request.scope["headers"] if k != b"authorization"]
    request.scope["headers"] = [*headers, (b"authorization", (good or "").encode())]
    return await proceed(request)


async def _html_errors(request: Request, proceed: Next) -> Response:
    answer = await proceed(request)
    if answer.status_code >= 400:
        return Response("<h1>Traceback</h1>", answer.status_code, media_type="text/html")
    return answer


async def _crashes(request: Request, proceed: Next) -> Response:
    answer = await proceed(request)
    return JSONResponse({}, 500) if answer.status_code == 422 else answer


async def _redirects(_request: Request, _proceed: Next) -> Response:
    return Response(status_code=302, headers={"Location": "https://localhost:1/"})


async def _forgets(request: Request, proceed: Next) -> Response:
    """Gives every answer a number of its own."""
    return await _rewritten(
        lambda body: re.sub(rb"<nachweisId>[^<]*", b"<nachweisId>%d" % time.monotonic_ns(), body)
    )(request, proceed)


async def _hangs(request: Request, proceed: Next) -> Response:
    if request.headers.get("content-type") == "text/plain":
        await asyncio.sleep(3)
    return await proceed(request)


BROKEN: tuple[tuple[str, Change, set[str]], ...] = (
    ("html errors", _html_errors, {"error-bodies"}),
    ("server errors", _crashes, {"malformed", "invalid", "entities"}),
    ("other type", _rewritten(lambda b: b.replace(b":fahrzeugregistrierung", b":other")), {"delivered"}),
    ("pdf is none", _rewritten(lambda b: b.replace(b"JVBERi", b"AAAAAA")), {"delivered"}),
    (
        "head",
        _rewritten(lambda b: re.sub(rb"<bezugNachrichtenId>[^<]*", b"<bezugNachrichtenId>x", b)),
        {"head"},
    ),
    (
        "invalid",
        _rewritten(lambda b: b.replace(b"ergebnis", b"ergebniss")),
        {"delivered", "answers", "repeated"},
    ),
    ("forgets", _forgets, {"repeated"}),
    ("hangs", _hangs, {"time", "content-type"}),
)


@pytest.mark.parametrize(("name", "change", "cases"), BROKEN, ids=[b[0] for b in BROKEN])
def test_a_broken_provider_fails_where_it_is_broken(
    bench: Bench, name: str, change: Change, cases: set[str]
) -> None:
    report = tried(bench, change)
    found = failed(report)
    assert cases <= found, explained(report)
    # what is invalid is used in no case; else nothing but the broken rule fails
    if name != "invalid":
        assert found <= cases | {"one-format"}, explained(report)
    assert not report.passed


def test_who_takes_any_token_fails(bench: Bench, vehicles_plan: Plan) -> None:
    plan = SHORT.model_copy(update={"tokens": vehicles_plan.tokens})
    report = tried(bench, _any_token, plan)
    assert failed(report) == {"token-missing", "token-altered", "token-expired", "token-audience"}


def test_who_needs_no_client_certificate_fails(bench: Bench) -> None:
    assert failed(tried(bench, None, client_certificates=False)) == {"client-certificate"}


def test_a_redirect_and_a_closed_port_end_the_run_early(bench: Bench) -> None:
    report = tried(bench, _redirects)
    assert "connection" in failed(report)
    report = bench.run(bench.provider("https://localhost:1", "zfzr"), SHORT)
    assert failed(report) == {"connection"}
    assert "nobody listens" in " ".join(explained(report))
    skipped = [case for case, verdict in verdicts(report).items() if verdict is Verdict.SKIPPED]
    assert len(skipped) > 20


OUTCOMES = {
    "unknown": "ambiguous",
    "ambiguous": "rejected",
    "rejected": "unknown",
    "missing_input": "delivered",
    "deferred": "delivered",
    "several": "delivered",
    "characters": "unknown",
    "large": "delivered",
}


def test_the_wrong_outcome_fails_in_its_case(bench: Bench) -> None:
    """The same register, but the test data promise something else: as if it answered wrongly."""
    cases = {name: PLAN.cases[other] for name, other in OUTCOMES.items()}  # type: ignore[index]
    cases["characters"] = PLAN.cases["unknown"].model_copy(
        update={"natural": PLAN.cases["characters"].natural, "inputs": {"kennzeichen": "B-GR 1990"}}
    )
    plan = PLAN.model_copy(update={"cases": cases | {"delivered": PLAN.cases["delivered"]}})
    report = bench.run(bench.provider(bench.world.url("vehicle-register"), "zfzr"), plan)
    expected = {name.replace("_", "-") for name in cases}
    assert failed(report) == expected, explained(report)


@pytest.mark.parametrize("late", [False, True])
def test_a_pushed_answer_counts_when_it_comes(bench: Bench, late: bool) -> None:
    app = FastAPI()
    line = bench.line(callbacks=True)

    @app.post("/v1/nachweisabrufe")
    async def ask(request: Request) -> Response:
        asked = xnachweis.read_request(xml.parse(await request.body()))
        answer = NationalAnswer(asked.request_id, Outcome.LATER, available_at=datetime.now(UTC))
        written = xnachweis.write_answer(answer, xnachweis.reply_head(asked, "m", datetime.now(UTC)))
        if not late:
            pushed = replace(answer, outcome=Outcome.NOT_FOUND, available_at=None)
            threading.Timer(0.2, line.push, [pushed]).start()
        return Response(written.xml, media_type="application/xml")

    cases = {"delivered": PLAN.cases["delivered"], "callback": PLAN.cases["delivered"]}
    plan = PLAN.model_copy(update={"cases": cases, "wait_seconds": 1.0})
    with bench.served(app) as url, line:
        report = run_kit(bench.provider(url, None), plan, line, lambda: datetime.now(UTC))
    (callback,) = [r for r in report.results if r.case.id == "callback"]
    assert ("not-found" in " ".join(map(str, callback.came))) is not late
    assert callback.verdict is Verdict.FAIL
    assert line.push(NationalAnswer("never asked", Outcome.NOT_FOUND)) is False


def test_a_large_document_comes_as_an_attachment(bench: Bench) -> None:
    from intermediary.national.model import Authority, Format, NationalEvidence, Representation

    app = FastAPI()

    @app.post("/v1/nachweisabrufe")
    async def ask(request: Request) -> Response:
        asked = xnachweis.read_request(xml.parse(await request.body()))
        form = Representation(Format("application/pdf"), b"%PDF-" + b"x" * 7_000_000)
        evidence = NationalEvidence(
            "e", asked.evidence_type, Authority("a", "A"), datetime.now(UTC).date(), (form,)
        )
        answer = NationalAnswer(asked.request_id, Outcome.DELIVERED, (evidence,))
        written = xnachweis.write_answer(answer, xnachweis.reply_head(asked, "m", datetime.now(UTC)))
        content_type, body = xnachweis.pack(written.xml, written.attachments)
        return Response(body, headers={"Content-Type": content_type})

    cases = {"delivered": PLAN.cases["delivered"], "large": PLAN.cases["delivered"]}
    with bench.served(app) as url:
        report = bench.run(bench.provider(url, None), PLAN.model_copy(update={"cases": cases}))
    assert verdicts(report)["large"] is Verdict.PASS, explained(report)
    assert verdicts(report)["token-missing"] is Verdict.NOT_APPLICABLE


def test_the_command_takes_pushed_answers(bench: Bench) -> None:
    from intermediary.cli_provider import _listening

    world = bench.world
    line = bench.line(callbacks=True)
    port = world.port("portal")  # free: no portal runs here
    own = world.certificate("platform", "tls-server"), world.key("platform", "tls-server")
    with line, _listening(line, f"127.0.0.1:{port}", *own):
        url = f"https://localhost:{port}/national/v1/nachweislieferungen"
        for _ in range(50):
            try:
                answer = httpx.post(url, content=b"<a/>", verify=client_context(world), trust_env=False)
                break
            except httpx.ConnectError:
                time.sleep(0.1)
    assert answer.status_code == 415


def test_a_report_is_no_larger_for_what_a_provider_says(bench: Bench) -> None:
    app = FastAPI()

    @app.middleware("http")
    async def talks(request: Request, _proceed: Next) -> Response:
        headers = {"Content-Type": f"application/{'x' * 30_000}\u00ff", "Location": "/" + "y" * 30_000}
        return Response(b"z" * 100_000, 202, headers)

    cases = dict.fromkeys(("delivered", "deferred", "unknown", "several"), PLAN.cases["delivered"])
    with bench.served(app) as url:
        report = bench.run(bench.provider(url, None), PLAN.model_copy(update={"cases": cases}))
    assert not report.passed
    plain = json.dumps(report.plain())
    assert len(plain) < 60_000
    assert "zzzz" not in plain
    again = Report.from_plain(json.loads(plain), {case.id: case for case in CASES})
    assert again == report
    assert "<script" not in as_html(report)
