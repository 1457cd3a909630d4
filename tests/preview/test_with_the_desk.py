"""The pages on the real exchange: real requests, a real database, a scripted register and login."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from lxml import html
from starlette.requests import Request
from starlette.testclient import TestClient

from intermediary.exchange.preview import Identity, PreviewStep
from intermediary.preview import create_app
from intermediary.preview.cookies import Cookies
from tests.exchange.house import House, a_request, inputs_for, login_of
from tests.preview.conftest import SETTINGS
from tests.preview.scripted_desk import ScriptedLogin


class LoginAs(ScriptedLogin):
    """Vouches for whoever the test says."""

    who: Identity

    def finish(self, memory: Mapping[str, str], answer: Mapping[str, str]) -> Identity:
        """That person."""
        super().finish(memory, answer)
        return self.who


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder: Path = tmp_path_factory.mktemp("house")
    house = House(folder)
    yield house
    house.engine.dispose()


def browser(house: House, login: LoginAs) -> TestClient:
    outer = FastAPI()
    outer.mount("/preview", create_app(house.desk, login, SETTINGS))
    return TestClient(outer, base_url="https://ip.example.de", follow_redirects=False)


def log_in(client: TestClient, link: str) -> None:
    assert client.get(f"{link}/login").status_code == 303
    assert client.get("/preview/login/callback?code=c&state=state-of-the-login").headers["location"] == link


def fields(page: str, button: str | None = None) -> dict[str, list[str]]:
    """What a browser sends for the first form of a page with every box ticked."""
    parsed: Any = html.fromstring(page)
    form = parsed.forms[0]
    for box in form.xpath(".//input[@type='checkbox']"):
        box.checked = True
    sent: dict[str, list[str]] = {}
    for name, value in form.form_values():
        sent.setdefault(name, []).append(value)
    return sent | ({"decision": [button]} if button else {})


def test_a_citizen_walks_through_the_whole_exchange(house: House) -> None:
    request, login = a_request(), LoginAs()
    token = house.begin(request)
    link = f"/preview/{token}"
    login.who = login_of(request)
    citizen = browser(house, login)
    went = citizen.get(f"{link}?returnurl=https%3A%2F%2Fportal.example%2Fback%3Fa%3D1&returnmethod=POST")
    assert went.headers["location"] == link
    assert '<form method="post" action="https://portal.example/back?a=1">' in citizen.get(link).text
    log_in(citizen, link)
    page = citizen.get(link)
    if page.headers["x-preview-step"] == PreviewStep.INPUT:
        visitor_view = inputs_for(house.desk.view(token, visitor(citizen, token)))
        answers = {f"input-{key}": [value] for key, value in visitor_view.items()}
        assert citizen.post(f"{link}/inputs", data=fields(page.text) | answers).status_code == 303
    assert citizen.get(link).headers["x-preview-step"] == PreviewStep.WAITING
    house.work()
    page = citizen.get(link)
    assert page.headers["x-preview-step"] == PreviewStep.DECIDE
    links = {
        a.get("href") for a in html.fromstring(page.text).iter("a") if "/documents/" in a.get("href", "")
    }
    assert links
    for address in links:
        assert citizen.get(address).status_code == 200
    assert "Technical view" in page.text
    stranger = browser(house, login)
    assert all(stranger.get(address).status_code == 404 for address in links)
    assert citizen.post(f"{link}/decision", data=fields(page.text, "approve")).status_code == 303
    done = citizen.get(link)
    assert done.headers["x-preview-step"] == PreviewStep.DONE
    assert "Your evidence is on its way" in done.text
    assert all(citizen.get(address).status_code == 404 for address in links)


def test_somebody_else_is_told_so_and_sees_nothing(house: House) -> None:
    request, login = a_request(), LoginAs()
    link = f"/preview/{house.begin(request)}"
    login.who = Identity("High", family_name="Fremd", given_name="Person")
    wrong = browser(house, login)
    log_in(wrong, link)
    page = wrong.get(link)
    assert page.headers["x-preview-step"] == PreviewStep.UNKNOWN_PERSON
    assert "Log in again" not in page.text, "the exchange is over"


def visitor(client: TestClient, token: str) -> str | None:
    """The visitor id that the cookie carries."""
    header = "; ".join(f"{cookie.name}={cookie.value}" for cookie in client.cookies.jar)
    return Cookies(SETTINGS).visitor(
        Request({"type": "http", "headers": [(b"cookie", header.encode())]}), token
    )
