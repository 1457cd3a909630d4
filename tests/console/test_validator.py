"""The validator in the console: messages by any release, two side by side; nothing is kept."""

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree
from playwright.sync_api import Browser

from intermediary import as4, edm
from intermediary.console import Checker, Part, validator_part
from intermediary.validation import Finding, Severity, Validator
from intermediary.validation.rules.published import published_rules
from tests.as4.parties import EDM, PDF, send
from tests.browsing import look_at, visit
from tests.console.conftest import ConsoleHouse
from tests.edm import examples
from tests.oracles import XSD

REQUEST = edm.write(examples.request("oots-edm:v1.2"))
BROKEN = REQUEST.replace(b'name="PossibilityForPreview"', b'name="PossibilityForView"')
House = Callable[..., ConsoleHouse]


class Strict:
    """An installed official release that refuses everything."""

    name = "1.2.9-strict"

    def judges(self, release: str) -> bool:
        return release == "oots-edm:v1.2"

    def check(self, _root: etree._Element) -> tuple[Finding, ...]:
        return (Finding("R-NEW-001", Severity.ERROR, "/*", 1, "This is new.", "Mend it.", release=self.name),)


def part() -> Part:
    return validator_part(Checker(Validator(XSD, published_rules())), lambda: (Strict(),))


def sent(house: ConsoleHouse, who: str = "vera", **data: object) -> tuple[int, str]:
    client = house.browser(who)
    files = {"file": ("message.xml", data.pop("file"))} if "file" in data else {"file": ("", b"")}
    answer = client.post("/console/validator", data={"csrf": house.csrf(client), **data}, files=files)
    return answer.status_code, answer.text


def test_a_message_is_checked_as_it_says_itself(console_house: House) -> None:
    house = console_house(part())
    status, page = sent(house, file=REQUEST)
    assert (status, "No rule refuses message.xml (oots-edm:v1.2)." in page) == (200, True)
    status, page = sent(house, text=BROKEN.decode())
    assert (status, "Not valid" in page) == (200, True)
    assert "→" in page
    assert [(who, what) for who, what, _data in house.journal if what.startswith("message")] == [
        ("vera", "message-validated")
    ] * 2
    assert "FamilyName" not in str(house.journal)


def test_an_as4_message_is_looked_into(console_house: House) -> None:
    packed = send(as4.Payload(EDM.content_id, EDM.media_type, BROKEN), PDF, encrypt=False)
    head = f"Content-Type: {packed.content_type}\r\n\r\n".encode()
    status, page = sent(console_house(part()), file=head + bytes(packed.content))
    assert status == 200
    assert "ebMS header" in page
    assert "EDM-REQ" in page


def test_an_official_release_judges_alone_or_beside_another(console_house: House) -> None:
    house = console_house(part())
    _, page = sent(house, file=REQUEST, release="official/1.2.9-strict")
    assert "R-NEW-001" in page
    _, page = sent(house, file=REQUEST, compare="official/1.2.9-strict")
    assert "What differs" in page
    assert "No rule refuses message.xml (oots-edm:v1.2)." in page
    _, page = sent(house, file=REQUEST, release="oots-edm:v1.2", compare="oots-edm:v1.2")
    assert "Both releases say the same." in page


@pytest.mark.parametrize(
    "data", [{"text": ""}, {"text": "x", "release": "oots-edm:v9"}, {"text": "x", "compare": "official/no"}]
)
def test_what_cannot_be_checked_is_told(console_house: House, data: dict[str, str]) -> None:
    status, page = sent(console_house(part()), **data)
    assert status == 422
    assert "There is a problem" in page


def test_machines_compare_too(console_house: House) -> None:
    house = console_house(part())
    api, token = house.browser(), house.token("vera")
    asked = {
        "message": base64.b64encode(REQUEST).decode(),
        "encoding": "base64",
        "compare": "official/1.2.9-strict",
    }
    told = api.post("/console/api/v1/validations", json=asked, headers=token).json()
    ours, theirs = told["outcomes"]
    assert (ours["release"], ours["valid"]) == ("oots-edm:v1.2", True)
    assert (theirs["release"], theirs["valid"]) == ("1.2.9-strict", False)
    assert theirs["only_here"] == ["R-NEW-001"]
    assert "R-NEW-001" not in ours["only_here"]
    text = api.post(
        "/console/api/v1/validations", json={"message": BROKEN.decode(), "language": "de"}, headers=token
    ).json()
    assert not text["valid"]
    for wrong in (
        {"message": "%%%", "encoding": "base64"},
        {"message": "<x/>", "release": "none"},
        {"message": " "},
        {},
    ):
        answer = api.post("/console/api/v1/validations", json=wrong, headers=token)
        assert answer.status_code in (200, 422), wrong
    half = api.post(
        "/console/api/v1/validations",
        content=b'{"message": "\\ud800"}',
        headers={**token, "Content-Type": "application/json"},
    )
    assert half.status_code in (200, 422)
    assert api.post("/console/api/v1/validations", json={"message": "<x/>"}).status_code == 401


@pytest.mark.browser
@pytest.mark.parametrize("language", ["en", "de"])
def test_the_page_in_a_browser(
    console_house: House, browser: Browser, axe: str, tmp_path: Path, language: str
) -> None:
    with console_house(part()).served(tmp_path) as url:
        page = visit(browser, language, java_script_enabled=True).new_page()
        page.goto(f"{url}/login")
        page.get_by_role("button", name="Vera Viewer").click()
        page.goto(f"{url}/validator")
        look_at(page, axe, f"console-validator-{language}")
        page.locator("#file").set_input_files(
            {"name": "message.xml", "mimeType": "application/xml", "buffer": BROKEN}
        )
        page.locator("#compare").select_option("official/1.2.9-strict")
        page.locator("main form button").click()
        assert page.locator("h2#difference").count() == 1
        look_at(page, axe, f"console-validator-compared-{language}")
