"""The HTTP API of mappings: whole lives over JSON and YAML, refusals as problem details, as documented."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from intermediary.mapping import State, dump
from tests.console.mappings.conftest import BIRTH, LICENCE, Studio

API = "/console/api/v1"


class Client:
    """Somebody's program."""

    def __init__(self, studio: Studio, who: str) -> None:
        self._client = TestClient(studio.app, base_url="https://localhost", raise_server_exceptions=False)
        self._token = studio.token(who)

    def __call__(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        headers = self._token | ({"content-type": "application/json"} if body is not None else {})
        content = None if body is None else json.dumps(body)
        answer = self._client.request(method, f"{API}{path}", headers=headers, content=content)
        assert answer.status_code == status, answer.text
        kind = answer.headers["content-type"]
        assert kind == ("application/json" if status < 400 else "application/problem+json") or "yaml" in kind
        return answer.text if "yaml" in kind else answer.json()


def _step(action: str, *refs: tuple[str, int], reason: str = "because") -> dict[str, Any]:
    return {"action": action, "reason": reason, "versions": [{"entry": e, "version": n} for e, n in refs]}


def test_a_life_over_the_api(studio: Studio) -> None:
    erik, anna = Client(studio, "erik"), Client(studio, "anna")
    entry = anna("GET", f"/mappings/{LICENCE}")
    said = anna("GET", f"/mappings/{LICENCE}/versions/1")["document"] | {"level_of_assurance": "High"}
    draft = {"expected": entry["newest"], "reason": "asks for High", "document": said}
    made = erik("PUT", f"/mappings/{LICENCE}/draft", draft)
    assert (made["version"], made["state"], made["author"]) == (2, "draft", "erik")
    assert anna("GET", f"/mappings/{LICENCE}/differences?old=1&new=2") == [
        {"path": ["level_of_assurance"], "kind": "changed", "old": "Substantial", "new": "High"}
    ]
    assert anna("GET", f"/mappings/{LICENCE}/versions/2/findings") == []
    for who, action in ((erik, "submit"), (anna, "approve"), (anna, "go-live")):
        who("POST", "/mapping-changes", _step(action, (LICENCE, 2)))
    assert anna("GET", f"/mappings/{LICENCE}")["in_force"]["version"] == 2
    (back,) = anna("POST", "/mapping-changes", _step("roll-back", (LICENCE, 1)))
    assert (back["version"], back["state"], back["based_on"]) == (3, "live", 1)
    history = anna("GET", f"/mappings/{LICENCE}/history")
    assert [step["action"] for step in history if step["version"] == 2][-1] == "draft"
    assert [what for _, what, _ in studio.journal if "mapping" in what] == [
        *("mapping-drafted", "mapping-submitted", "mapping-approved", "mapping-published"),
        "mapping-rolled-back",
    ]


def test_a_draft_may_be_yaml_as_it_stands_in_git(studio: Studio) -> None:
    erik = Client(studio, "erik")
    text = erik("GET", f"/mappings/{BIRTH}/versions/1/yaml").replace("Substantial", "High")
    erik("PUT", f"/mappings/{BIRTH}/draft", {"expected": 1, "reason": "git", "yaml": text})
    assert studio.store.document(BIRTH, 2)["level_of_assurance"] == "High"
    broken = {"expected": 2, "reason": "git", "yaml": "a: [b"}
    assert erik("PUT", f"/mappings/{BIRTH}/draft", broken, status=422)["findings"][0]["entry"] in ("", BIRTH)


def test_files_out_and_in_again(studio: Studio) -> None:
    erik = Client(studio, "erik")
    files = erik("GET", "/mapping-files")["files"]
    assert files == dump(studio.store.live(studio.clock().date()))
    assert erik("POST", "/mapping-files", {"files": files, "reason": "nothing new"}) == []
    files[f"{BIRTH}.yaml"] = files[f"{BIRTH}.yaml"].replace("Substantial", "High")
    (found,) = erik("POST", "/mapping-files", {"files": files, "reason": "pull request 7"})
    assert (found["entry"], found["state"]) == (BIRTH, "in-review")
    for name in ("../../etc/passwd", "evidence/../x.yaml", "x.txt", "/platform.yaml"):
        sent = {"files": {**files, name: "a: b"}, "reason": "attack"}
        assert "none of the files" in erik("POST", "/mapping-files", sent, status=422)["findings"][0]["text"]


def test_refusals_tell_why(studio: Studio) -> None:
    erik, anna, vera = (Client(studio, who) for who in ("erik", "anna", "vera"))
    said = studio.store.document(LICENCE, 1)
    draft = {"expected": 7, "reason": "late", "document": said}
    assert "you saw version 7" in erik("PUT", f"/mappings/{LICENCE}/draft", draft, status=409)["detail"]
    vera("PUT", f"/mappings/{LICENCE}/draft", draft, status=403)
    version = studio.in_review(by="anna")
    approve = _step("approve", version.ref)
    assert "somebody else" in anna("POST", "/mapping-changes", approve, status=403)["detail"]
    erik("POST", "/mapping-changes", approve, status=403)
    erik("POST", "/mapping-changes", _step("retire", (LICENCE, 1)), status=403)
    anna("POST", "/mapping-changes", _step("go-live", version.ref), status=409)
    anna("POST", "/mapping-changes", _step("roll-back", (LICENCE, 1), (BIRTH, 1)), status=409)
    anna("POST", "/mapping-changes", _step("approve", (LICENCE, 99)), status=404)
    bad = studio.draft(BIRTH, procedures=["Z9"])
    refused = erik("POST", "/mapping-changes", _step("submit", bad.ref), status=422)
    assert refused["findings"][0]["path"] == ["procedures", 0]
    assert studio.store.version(*bad.ref).state is State.DRAFT
    anna("GET", "/mappings/evidence/none", status=404)
    anna("GET", "/mappings/platform/usage", status=404)
    anna("GET", f"/mappings/{LICENCE}/versions/{10**30}", status=422)


def test_lists_for_machines(studio: Studio) -> None:
    anna = Client(studio, "anna")
    studio.in_review()
    everything = anna("GET", "/mappings")
    assert (everything["count"], everything["pages"]) == (14, 1)
    found = anna("GET", "/mappings?pending=for-me&kind=all")["entries"]
    assert [entry["entry"] for entry in found] == [LICENCE]
    assert anna("GET", "/providers?q=kba")["count"] == 2
    types = {thing["names"][0]: thing for thing in anna("GET", "/evidence-types")}
    assert types[LICENCE]["mappings"] == [LICENCE]
    assert types[LICENCE]["procedures"] == ["V2", "V3"]
    assert all(thing["mapped"] for thing in anna("GET", "/requirements"))
    assert anna("GET", "/mapping-changes?limit=1")[0]["action"] == "submit"
    assert anna("GET", f"/mappings/{LICENCE}/usage")["count"] == 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=20), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from([LICENCE, BIRTH, "platform", "references", "provider/kba-zfer", "evidence/new-one"])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.sampled_from(["PUT", "POST-changes", "POST-files"]),
    NAMES,
    st.dictionaries(
        st.sampled_from(["expected", "reason", "document", "yaml", "action", "versions", "files"]), JSON
    )
    | JSON,
)
def test_whatever_is_sent_is_answered_as_documented(studio: Studio, call: str, name: str, body: Any) -> None:
    method, path, documented = {
        "PUT": ("PUT", f"/mappings/{name}/draft", (200, 409, 422)),
        "POST-changes": ("POST", "/mapping-changes", (200, 403, 404, 409, 422)),
        "POST-files": ("POST", "/mapping-files", (200, 409, 422)),
    }[call]
    client = TestClient(studio.app, base_url="https://localhost", raise_server_exceptions=False)
    headers = _token(studio) | {"content-type": "application/json"}
    answer = client.request(method, f"{API}{path}", headers=headers, content=json.dumps(body))
    assert answer.status_code in documented, answer.text
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert {"status", "detail"} <= answer.json().keys()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(NAMES, st.integers(0, 3), st.text(min_size=1, max_size=40) | st.just("because"), JSON)
def test_any_document_is_kept_or_refused_and_its_pages_can_be_shown(
    studio: Studio, name: str, expected: int, reason: str, value: Any
) -> None:
    said = {**_document(studio, name), "titles": value, "routing": value, "formats": [value], "x": value}
    newest = _newest(studio, name)
    headers = _token(studio) | {"content-type": "application/json"}
    body = {"expected": newest if expected else 0, "reason": reason, "document": said}
    client = studio.browser("erik")
    answer = client.put(f"{API}/mappings/{name}/draft", headers=headers, content=json.dumps(body))
    assert answer.status_code in (200, 409, 422), answer.text
    if answer.status_code == 200:
        number = answer.json()["version"]
        for page in ("", "/versions", "/compare", f"/versions/{number}", f"/versions/{number}/submit"):
            assert client.get(f"/console/mappings/{name}{page}").status_code == 200, page
        for page in ("/mappings?kind=all", "/providers", "/evidence-types", "/requirements", "/"):
            assert client.get(f"/console{page}").status_code == 200, page


def _token(studio: Studio) -> dict[str, str]:
    return studio.token("erik")


def _newest(studio: Studio, name: str) -> int:
    found = [e.newest.number for e in studio.store.entries(studio.clock().date()) if e.name == name]
    return found[0] if found else 0


def _document(studio: Studio, name: str) -> dict[str, Any]:
    newest = _newest(studio, name)
    return studio.store.document(name, 1) if newest else {}


@pytest.mark.parametrize("who", [None, "vera"])
def test_who_may_not_changes_nothing(studio: Studio, who: str | None) -> None:
    headers = studio.token(who) if who else {}
    client = studio.browser()
    for method, path in (
        ("PUT", f"/mappings/{LICENCE}/draft"),
        ("POST", "/mapping-changes"),
        ("POST", "/mapping-files"),
    ):
        answer = client.request(method, f"{API}{path}", headers=headers, json={})
        assert answer.status_code in ((401, 422) if who is None else (403, 422))
    assert client.get(f"{API}/mappings", headers=headers).status_code == (401 if who is None else 200)


def test_every_answer_is_described(studio: Studio) -> None:
    described = studio.browser().get(f"{API}/openapi.json").json()
    change = described["paths"]["/mapping-changes"]["post"]["responses"]
    assert {"200", "401", "403", "404", "409", "422"} <= change.keys()
    assert all("application/problem+json" in change[s]["content"] for s in ("401", "403", "409", "422"))
    assert "/mappings/{entry}/versions/{number}" in described["paths"]
    assert all(call.get("summary") for path in described["paths"].values() for call in path.values())
