"""The whole way of a provider in a browser: invited, described, tried at a real test system, handed in."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI, Request, Response
from playwright.sync_api import Browser, Page

from intermediary import xml
from intermediary.console.selfservice import Counted
from intermediary.mapping import State
from intermediary.national import NationalUnreadable, xnachweis
from intermediary.national.model import (
    Authority,
    Format,
    NationalAnswer,
    NationalEvidence,
    Outcome,
    Representation,
)
from intermediary.sandbox.world import World
from intermediary.transport.national import Reach
from tests.browsing import look_at, visit
from tests.console.selfservice.conftest import EVIDENCE, SERVICE, TEST_DATA, ProviderHouse

pytestmark = pytest.mark.browser
MORE = TEST_DATA.replace(
    "cases: {",
    "cases: {unknown: {natural: {family_name: Niemand, given_names: Nina, date_of_birth: 1980-01-01}}, ",
)


def mint() -> FastAPI:
    """A test system that knows Erika, and forgets to say what an error is."""
    app = FastAPI()

    @app.post("/v1/nachweisabrufe")
    async def ask(request: Request) -> Response:
        try:
            asked = xnachweis.read_request(xml.parse(await request.body()))
        except (xml.XmlRefused, NationalUnreadable):
            return Response("no", 400)
        form = Representation(Format("application/pdf"), b"%PDF-1.7 a coin")
        evidence = NationalEvidence(
            "coin-1", asked.evidence_type, Authority("mint", "Mint"), datetime(2026, 1, 1).date(), (form,)
        )
        answer = NationalAnswer(asked.request_id, Outcome.DELIVERED, (evidence,))
        if "Niemand" in repr(getattr(asked.subject, "family_name", "")):
            answer = NationalAnswer(asked.request_id, Outcome.NOT_FOUND)
        written = xnachweis.write_answer(answer, xnachweis.reply_head(asked, "m", datetime.now(UTC)))
        return Response(written.xml, media_type="application/xml")

    return app


@contextmanager
def listening(world: World) -> Iterator[str]:
    with socket.create_server(("localhost", 0)) as bound:
        config = uvicorn.Config(
            mint(),
            log_level="error",
            lifespan="off",
            ssl_certfile=world.certificate("vehicle-register", "tls-server"),
            ssl_keyfile=str(world.key("vehicle-register", "tls-server")),
            ssl_ca_certs=str(world.authority),
            ssl_cert_reqs=ssl.CERT_REQUIRED,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
        thread.start()
        try:
            yield f"https://localhost:{bound.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)


def fill(page: Page, values: dict[str, str], skip: tuple[str, ...] = ()) -> None:
    for name, value in values.items():
        if name not in (*skip, "natural", "legal", "xml", "pdf", "level") and value:
            page.locator(f"#{name}").fill(value)


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_way_of_a_provider(
    house: ProviderHouse, world: World, browser: Browser, axe: str, tmp_path: Path, language: str
) -> None:
    house.trial.reach = Reach(allowed=("127.0.0.0/8", "::1/128"))
    pictures = language
    script = language == "en"  # in German everything is done without JavaScript; axe needs it

    def look(page: Page, name: str) -> None:
        if script:
            look_at(page, axe, f"selfservice-{name}-{pictures}")

    with house.served(tmp_path) as url, listening(world) as test_system:
        root = url.removesuffix("/console")
        operators = visit(browser, language).new_page()
        operators.goto(f"{url}/login")
        operators.locator("button[value=ada]").click()
        operators.goto(f"{url}/provider-invitations")
        operators.locator("a[href$='/provider-invitations/new']").first.click()
        operators.locator("form.co-form button[type=submit]").click()
        look_at(operators, axe, f"selfservice-invite-wrong-{pictures}")
        operators.locator("#organisation").fill("Staatliche Münze Berlin")
        operators.locator("#provider").fill("muenze")
        operators.locator("form.co-form button[type=submit]").click()
        link = operators.locator("#link").input_value()
        look_at(operators, axe, f"selfservice-invited-{pictures}")

        page = visit(browser, language, java_script_enabled=script).new_page()
        page.goto(root + "/providers/" + "A" * 43)
        look(page, "not-there")
        page.goto(root + link.removeprefix("https://localhost"))
        look(page, "come")
        page.locator("main button[type=submit]").click()
        look(page, "overview-empty")

        page.locator("a[href='/providers/service']").last.click()
        page.locator("form.co-form button[type=submit]").click()
        look(page, "service-wrong")
        fill(page, SERVICE)
        page.locator("form.co-form button[type=submit]").click()
        page.locator("a[href='/providers/evidence']").click()
        fill(page, EVIDENCE)
        page.locator("#xml").uncheck()
        page.locator("#pdf").check()
        look(page, "evidence")
        page.locator("form.co-form button[type=submit]").click()

        page.goto(f"{root}/providers/endpoint")
        look(page, "endpoint")
        page.locator("#url").fill(test_system)
        page.locator("#test_data").fill("cases: {}")
        page.locator("form.co-form button[type=submit]").click()
        look(page, "endpoint-wrong")
        page.locator("#test_data").fill(MORE)
        page.locator("form.co-form button[type=submit]").click()

        house.trial.hold.clear()
        page.locator("form[action='/providers/runs'] button").click()
        assert page.locator("progress").count() == 1
        look(page, "running")
        house.trial.hold.set()
        run = house.finished()
        if not script:
            page.locator("main a", has_text="Noch einmal").click()
        page.locator(".ps-cases").wait_for()
        assert page.locator("details.ps-case[open] .ps-case__title").all_inner_texts() == [
            "Bodies of errors" if script else "Inhalt von Fehlerantworten"
        ], [str(t) for r in run.report.results if r.verdict == "fail" for t in r.came]  # type: ignore[union-attr]
        look(page, "report")

        house.counted["muenze"] = (Counted("muenze--praegung", 1204, 1180, house.clock()),)
        page.goto(f"{root}/providers/mappings")
        look(page, "own")
        page.goto(f"{root}/providers/hand-in")
        look(page, "hand-in")
        page.locator("form[action='/providers/hand-in'] button").click()
        look(page, "overview")
        assert house.store.versions("evidence/muenze--praegung")[0].state is State.IN_REVIEW

        operators.goto(f"{url}/provider-invitations")
        look_at(operators, axe, f"selfservice-invitations-{pictures}")
        operators.locator("main table a").first.click()
        look_at(operators, axe, f"selfservice-invitation-{pictures}")
        operators.locator("section[aria-labelledby=runs] a").first.click()
        if not script:
            look_at(operators, axe, f"selfservice-operators-report-{pictures}")
        operators.goto(f"{url}/")
        assert "Staatliche Münze Berlin" in operators.locator(".co-notices").inner_text()
        page.locator("nav form button").click()
        look(page, "left")


def test_the_german_pages(house: ProviderHouse, browser: Browser, axe: str, tmp_path: Path) -> None:
    with house.served(tmp_path) as url:
        root = url.removesuffix("/console")
        page = visit(browser, "de").new_page()
        page.goto(root + house.invite())
        look_at(page, axe, "selfservice-come-de")
        page.locator("main button[type=submit]").click()
        for path in ("", "service", "evidence", "endpoint", "mappings", "hand-in"):
            page.goto(f"{root}/providers/{path}")
            look_at(page, axe, f"selfservice-{path or 'overview'}-de")
