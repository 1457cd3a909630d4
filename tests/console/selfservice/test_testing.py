"""The test system of a provider and the runs at it: checked, bounded, at public addresses only."""

import json
import socket
import threading

import pytest

from intermediary.console.selfservice.runs import MOST_RUNS
from intermediary.provider_kit import Verdict
from intermediary.sandbox.pki import make_pki
from intermediary.sandbox.world import World
from tests.console.selfservice.conftest import SERVICE, TEST_DATA, ProviderHouse

REST = """
request: {method: GET, path: /x}
answer:
  evidence:
    issuing_date: $.d
    issuing_authority: {id: a, name: A}
    representations: [{media_type: application/pdf, base64: $.p}]
"""


@pytest.mark.parametrize(
    "url",
    [
        "http://test.example",
        "ftp://test.example",
        "https://",
        "https://user:password@test.example",
        "https://test.example/?a=b",
        "https://test.example/#a",
        "https://test example",
        "file:///etc/passwd",
        "https://test.example\n.internal",
        "//test.example",
        "https://" + "a" * 600,
    ],
)
def test_an_address_that_is_none_is_refused(house: ProviderHouse, url: str) -> None:
    answer = house.connect(house.visitor(), url=url)
    assert answer.status_code == 422
    assert 'href="#url"' in answer.text


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:9",
        "https://localhost:9",
        "https://[::1]:9",
        "https://169.254.169.254/latest",
        "https://10.0.0.1",
        "https://[::ffff:127.0.0.1]:9",
        "https://2130706433:9",
        "https://0x7f.1:9",
        "https://0:9",
        "https://127.1:9",
        "https://nobody.invalid",
    ],
)
def test_a_run_calls_no_address_that_is_not_public(house: ProviderHouse, url: str) -> None:
    visitor = house.visitor()
    assert house.connect(visitor, url=url).status_code == 303
    path = house.run(visitor)
    run = house.finished()
    assert run.report is not None
    assert run.report.results[0].verdict is Verdict.FAIL
    assert run.report.count(Verdict.PASS) == 0
    (call,) = run.report.results[0].exchanged
    assert call.status is None
    assert "not a public one" in call.failure or "no address" in call.failure
    page = visitor.get(path).text
    assert visitor.get(f"{path}/progress").json() == {"state": "done", "done": 28, "total": 28}
    assert "Muster" not in page


def test_nobody_who_listens_here_is_called(house: ProviderHouse) -> None:
    called = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as bound:
        bound.settimeout(3)

        def accept() -> None:
            try:
                bound.accept()
                called.set()
            except OSError:
                pass

        listener = threading.Thread(target=accept, daemon=True)
        listener.start()
        visitor = house.visitor()
        house.connect(visitor, url=f"https://127.0.0.1:{bound.getsockname()[1]}")
        house.run(visitor)
        house.finished()
        assert not called.is_set()


def test_the_audience_is_the_operators_word(house: ProviderHouse) -> None:
    """A provider that could name an audience would get a token for somebody else."""
    visitor = house.visitor(house.invite(audience="muenze"))
    house.connect(visitor, audience="kba")
    house.run(visitor)
    house.finished()
    assert [asked.audience for asked in house.trial.asked] == ["muenze"]


def test_one_run_at_a_time_and_not_too_many_a_day(house: ProviderHouse) -> None:
    visitor = house.visitor()
    assert house.send(visitor, "/runs").headers["location"] == "/providers/endpoint"
    house.connect(visitor)
    house.trial.hold.clear()
    house.trial.broken = True
    path = house.run(visitor)
    page = visitor.get(path)
    assert "<progress" in page.text
    assert 'http-equiv="refresh"' not in page.text
    assert house.run(visitor) == "/providers/"
    house.clock.advance(minutes=11)
    assert "interrupted" in visitor.get(path, headers={"accept-language": "en"}).text, "nobody works on it"
    house.trial.hold.set()
    assert house.finished().state == "failed"
    assert "Erika" not in visitor.get(path).text
    started = 1
    while (path := house.run(visitor)) != "/providers/":
        house.finished()
        house.clock.advance(minutes=1)
        started += 1
    assert started == MOST_RUNS
    house.clock.advance(hours=25)
    assert house.run(house.visitor(house.invite("other"))) == "/providers/endpoint"


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"protocol": "soap"}, "protocol"),
        ({"protocol": "rest", "options": "request: ["}, "options"),
        ({"protocol": "rest", "options": "request: {path: x}"}, "options"),
        ({"protocol": "rest", "options": "a: &a [1]\nb: *a"}, "options"),
        ({"protocol": "rest", "options": "[" * 3000}, "options"),
        ({"protocol": "rest", "options": "!!python/object/apply:os.getcwd []"}, "options"),
        ({"ca": "no certificate"}, "ca"),
        ({"ca": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"}, "ca"),
        ({"test_data": ""}, "test_data"),
        ({"test_data": "cases: {}"}, "test_data"),
        ({"test_data": "[" * 3000}, "test_data"),
    ],
    ids=range(11),
)
def test_what_cannot_be_used_is_refused(house: ProviderHouse, fields: dict[str, str], name: str) -> None:
    visitor = house.visitor()
    answer = house.connect(visitor, **fields)
    assert answer.status_code == 422
    assert f'href="#{name}"' in answer.text


def test_a_ca_comes_as_a_file_or_as_text(
    house: ProviderHouse, tmp_path_factory: pytest.TempPathFactory
) -> None:
    world = World(tmp_path_factory.mktemp("own-ca"))
    make_pki(world)
    pem = world.authority.read_bytes()
    visitor = house.visitor()
    assert house.connect(visitor, ca=pem.decode()).status_code == 303
    form = {
        "url": "https://t.example",
        "protocol": "xnachweis",
        "test_data": TEST_DATA,
        "ca": "",
        "options": "",
    }
    form["csrf"] = house.invitations.csrf(visitor.cookies["__Host-provider"])
    for content, status in (
        (pem, 303),
        (b"\xff" * 1000, 422),
        (world.key("platform", "token").read_bytes(), 422),
    ):
        files = {"ca_file": ("ca.pem", content, "application/x-pem-file")}
        assert visitor.post("/providers/endpoint", data=form, files=files).status_code == status
    huge = {**form, "test_data": "x" * 200_000}
    assert visitor.post("/providers/endpoint", data=huge).status_code in (400, 413, 422)


def test_a_rest_description_goes_into_the_draft(house: ProviderHouse) -> None:
    visitor = house.visitor()
    house.send(visitor, "/service", expected="0", **SERVICE)
    assert house.store.document("provider/muenze", 1)["protocol"] == "xnachweis"
    assert house.connect(visitor, protocol="rest", options=REST).status_code == 303
    said = house.store.document("provider/muenze", 2)
    assert (said["protocol"], said["options"]["request"]["path"]) == ("rest", "/x")


def test_the_report_can_be_taken_home(house: ProviderHouse) -> None:
    visitor = house.visitor()
    house.connect(visitor, url="https://nobody.invalid")
    path = house.run(visitor)
    run = house.finished()
    answer = visitor.get(f"{path}/report.html")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "does not conform" in answer.text
    (invitation,) = house.invitations.all()
    operators = house.browser("erik").get(f"/console/provider-invitations/{invitation.id}/runs/{run.id}")
    assert "nobody.invalid" in operators.text
    assert run.report is not None
    assert len(json.dumps(run.report.plain())) < 50_000
