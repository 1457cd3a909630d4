"""The public self-check page and its JSON door."""

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from intermediary import as4, edm
from intermediary.console import Checker, SelfCheckSettings, self_check_router
from intermediary.validation import Validator
from intermediary.validation.rules.published import published_rules
from tests.as4.parties import EDM, PDF, send
from tests.edm import examples
from tests.oracles import XSD
from tests.validation.messages import PLANTED

REQUEST = edm.write(examples.request("oots-edm:v1.0"))
BROKEN = REQUEST.replace(b"FamilyName", b"FamiliyName")


def client(**changes: Any) -> TestClient:
    app = FastAPI()
    checker = Checker(Validator(XSD, published_rules()))
    app.include_router(self_check_router(checker, replace(SelfCheckSettings(), **changes)))
    return TestClient(app)


def post(
    data: bytes, content_type: str = "application/xml", query: str = "", **changes: Any
) -> httpx.Response:
    answer: Any = client(**changes).post(
        f"/validate{query}", content=data, headers={"Content-Type": content_type}
    )
    return answer  # type: ignore[no-any-return]


def test_a_machine_gets_a_verdict() -> None:
    told = post(REQUEST).json()
    assert (told["valid"], told["release"], told["kind"]) == (True, "oots-edm:v1.0", "EDM-REQ")


def test_a_broken_message_gets_findings_in_the_language_asked_for() -> None:
    told = post(BROKEN).json()
    assert not told["valid"]
    assert {"rule", "place", "line", "text", "remedy", "severity"} <= set(told["findings"][0])
    without = REQUEST.replace(b'name="PossibilityForPreview"', b'name="PossibilityForView"')
    english, german = (post(without, query=f"?lang={code}").json() for code in ("en", "de"))
    assert [f["rule"] for f in english["findings"]] == [f["rule"] for f in german["findings"]]
    assert english["findings"] != german["findings"]


def test_the_release_may_be_given_and_an_unknown_one_is_a_wrong_call() -> None:
    assert post(REQUEST, query="?release=oots-edm:v2.0").json()["release"] == "oots-edm:v2.0"
    answer = post(REQUEST, query="?release=oots-edm:v9")
    assert answer.status_code == 400
    assert "oots-edm:v2.0" in answer.json()["error"]


def test_a_version_that_nobody_knows_is_a_finding() -> None:
    told = post(REQUEST.replace(b"oots-edm:v1.0", b"oots-edm:v7.7")).json()
    assert [f["rule"] for f in told["findings"]] == ["RELEASE-UNKNOWN"]


def test_an_as4_message_is_looked_into() -> None:
    payload = as4.Payload(EDM.content_id, EDM.media_type, BROKEN)
    packed = send(payload, PDF, encrypt=False)
    told = post(bytes(packed.content), packed.content_type).json()
    assert [(p["what"], p["state"], p["valid"]) for p in told["parts"]] == [
        ("ebMS header", "checked", True),
        ("EDM-REQ", "checked", False),
        ("application/pdf", "other", True),
    ]
    assert told["release"] == "oots-edm:v1.0"


def test_encrypted_parts_are_said_to_be_so() -> None:
    packed = send(EDM, PDF)
    told = post(bytes(packed.content), packed.content_type).json()
    assert [p["state"] for p in told["parts"]] == ["checked", "encrypted", "encrypted"]
    assert told["valid"]


def test_a_recorded_message_with_its_headers_is_understood_without_the_content_type() -> None:
    packed = send(as4.Payload(EDM.content_id, EDM.media_type, REQUEST), encrypt=False)
    head = f"POST /as4 HTTP/1.1\r\nHost: a\r\nContent-Type: {packed.content_type}\r\n\r\n".encode()
    for data in (head + bytes(packed.content), bytes(packed.content)):
        told = post(data, "application/octet-stream").json()
        assert [p["what"] for p in told["parts"]] == ["ebMS header", "EDM-REQ"]


def test_parts_that_do_not_fit_the_header_are_found() -> None:
    packed = send(EDM, PDF, encrypt=False)
    body = bytes(packed.content)
    lost = body.replace(f"Content-ID: <{PDF.content_id}>".encode(), b"Content-ID: <other@x>")
    assert lost != body
    found = {f["rule"] for f in post(lost, packed.content_type).json()["findings"]}
    assert {"MIME-PART-MISSING", "MIME-PART-UNNAMED"} <= found


def test_a_message_that_cannot_be_taken_apart_is_a_finding() -> None:
    told = post(b"--x\r\n\r\nnothing", 'multipart/related; boundary="x"').json()
    assert told["findings"][0]["rule"].startswith("EBMS:")


def test_the_page_offers_the_form_and_shows_what_was_found() -> None:
    shown = client().get("/validate", headers={"Accept-Language": "de"})
    assert "Nachricht prüfen" in shown.text
    assert 'enctype="multipart/form-data"' in shown.text
    answer = client().post("/validate?lang=en", files={"file": ("a.xml", BROKEN)}, data={"release": ""})
    assert "Not valid" in answer.text
    assert "XSD:" in answer.text
    assert "script" not in answer.text
    pasted = client().post("/validate", files={"file": ("", b"")}, data={"text": REQUEST.decode()})
    assert "Valid" in pasted.text


def test_pages_are_not_kept_and_run_nothing() -> None:
    shown = client().get("/validate")
    assert shown.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in shown.headers["content-security-policy"]


def test_a_file_name_and_a_message_are_escaped() -> None:
    answer = client().post("/validate", files={"file": ("<script>.xml", b"<script>alert(1)</script>")})
    assert "<script>" not in answer.text


def test_what_is_too_large_or_empty_is_refused() -> None:
    assert post(REQUEST, max_bytes=100).status_code == 413
    assert post(b"").status_code == 400
    chunks: Any = (b"x" * 60 for _ in range(3))
    assert client(max_bytes=100).post("/validate", content=chunks).status_code == 413
    large = client(max_bytes=500).post("/validate", files={"file": ("a.xml", REQUEST)})
    assert (large.status_code, "<h1" in large.text) == (413, True)
    assert client().post("/validate", files={"file": ("a.xml", b"")}).status_code == 400
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    assert client().post("/validate", content=b"no form", headers=form).status_code == 400


def test_who_comes_when_all_are_busy_is_told_to_come_again() -> None:
    answer = post(REQUEST, at_a_time=0, seconds_to_wait=0.01)
    assert answer.status_code == 503
    assert answer.headers["retry-after"]


@pytest.mark.parametrize(
    "data", [b"\xff\xfe\x00", b"<a", b"<!DOCTYPE a><a/>", b"a: b\n\nc", b"--", b"--x\n--x--"]
)
def test_anything_gets_an_answer(data: bytes) -> None:
    answer = post(data, "application/octet-stream")
    assert answer.status_code == 200
    assert not answer.json()["valid"]


def test_no_answer_quotes_a_person() -> None:
    planted = BROKEN.replace(b"<sdg:GivenName>", b"<sdg:GivenName>" + PLANTED.encode())
    assert PLANTED in planted.decode()
    assert PLANTED not in json.dumps(post(planted).json())
