"""What a provider can do by its link, from the description to the review; and nothing that is another's."""

from datetime import timedelta

import pytest

from intermediary.console.selfservice import Counted
from intermediary.console.selfservice.drafting import REASON
from intermediary.mapping import FourEyes, State
from tests.console.selfservice.conftest import EVIDENCE, SERVICE, ProviderHouse
from tests.mapping.studio import edited


def newest(house: ProviderHouse, entry: str) -> tuple[State, str]:
    version = house.store.versions(entry)[0]
    return version.state, version.author


def test_from_the_description_to_the_review(house: ProviderHouse) -> None:
    visitor = house.visitor(house.invite(audience="muenze"))
    assert house.send(visitor, "/service", expected="0", **SERVICE).headers["location"] == "/providers/"
    assert house.send(visitor, "/evidence", expected="0", **EVIDENCE).headers["location"] == "/providers/"
    assert newest(house, "provider/muenze") == (State.DRAFT, "provider:Münze")
    said = house.store.document("evidence/muenze--praegung", 1)
    assert said["routing"] == {"provider": "muenze"}
    assert house.store.document("provider/muenze", 1)["audience"] == "muenze"
    assert house.store.versions("provider/muenze")[0].reason == REASON
    house.connect(visitor, protocol="xnachweis")
    ready = visitor.get("/providers/hand-in")
    assert "evidence/muenze--praegung" in ready.text
    assert house.send(visitor, "/hand-in").headers["location"] == "/providers/"
    assert newest(house, "evidence/muenze--praegung")[0] is State.IN_REVIEW
    anna = house.browser("anna")
    home = anna.get("/console/", headers={"accept-language": "en"}).text
    assert "Münze handed in 2 entries for review." in home
    (invitation,) = house.invitations.all()
    assert "evidence/muenze--praegung" in anna.get(f"/console/provider-invitations/{invitation.id}").text
    refs = ("provider/muenze", 1), ("evidence/muenze--praegung", 1)
    with pytest.raises(FourEyes):
        house.store.approve(*refs, actor="provider:münze", reason="mine", at=house.clock())
    house.store.approve(*refs, actor="anna", reason="looked", at=house.clock())
    assert "location" in house.send(visitor, "/service", expected="1", **SERVICE).headers
    assert newest(house, "provider/muenze")[0] is State.APPROVED, "what is approved is not drafted away"


def test_what_is_not_ready_is_not_handed_in(house: ProviderHouse) -> None:
    visitor = house.visitor()
    assert "There is no draft" in visitor.get("/providers/hand-in", headers={"accept-language": "en"}).text
    house.send(visitor, "/service", expected="0", **SERVICE)
    house.send(visitor, "/evidence", expected="0", **{**EVIDENCE, "procedures": "Z9", "classification": ""})
    page = visitor.get("/providers/hand-in", headers={"accept-language": "en"}).text
    assert "Mend the errors first" in page
    assert house.send(visitor, "/hand-in").status_code == 422
    assert newest(house, "provider/muenze")[0] is State.DRAFT


@pytest.mark.parametrize(
    ("path", "good", "wrong"),
    [
        ("/service", SERVICE, {"url": "http://muenze.example", "country": "Germany", "name_en": ""}),
        ("/evidence", EVIDENCE, {"name": "../x", "natural": "", "pdf": "", "title_de": "x" * 1001}),
    ],
)
def test_what_is_wrong_with_a_form_is_said(
    house: ProviderHouse, path: str, good: dict[str, str], wrong: dict[str, str]
) -> None:
    visitor = house.visitor()
    answer = house.send(visitor, path, expected="0", **{**good, **wrong})
    assert answer.status_code == 422
    for name in set(wrong) - {"pdf"}:
        assert f'href="#{name}"' in answer.text
    assert not [e for e in house.store.entries(house.clock().date()) if "muenze" in e.name]


def test_a_known_provider_changes_its_own_entry_only(house: ProviderHouse) -> None:
    visitor = house.visitor(house.invite("melderegister-berlin", "LABO"))
    page = visitor.get("/providers/service").text
    assert "https://melderegister.berlin.example" in page
    before = house.store.document("provider/melderegister-berlin", 1)
    house.send(visitor, "/service", expected="1", **SERVICE)
    said = house.store.document("provider/melderegister-berlin", 2)
    assert said["url"] == SERVICE["url"]
    assert (said["lau"], said["nuts"]) == (before["lau"], before["nuts"])
    own = visitor.get("/providers/mappings").text
    assert "evidence/meldebescheinigung" in own, "what is asked of it, to read"
    assert "geburtsurkunde" not in own
    assert "melderegister-hamburg" not in own
    # neither what it is asked for, nor anything of others, can be drafted
    for name in ("meldebescheinigung", "x/../../meldebescheinigung", "X", "a" * 21, ""):
        sent = house.send(visitor, "/evidence", expected="1", **{**EVIDENCE, "name": name})
        assert sent.status_code in (303, 422)
    assert house.store.versions("evidence/meldebescheinigung")[0].number == 1
    assert visitor.get("/providers/evidence/meldebescheinigung").status_code == 404


def test_one_provider_sees_nothing_of_another(house: ProviderHouse) -> None:
    first, second = house.visitor(house.invite("muenze")), house.visitor(house.invite("muenze-zwei", "Zwei"))
    house.send(first, "/service", expected="0", **SERVICE)
    house.send(first, "/evidence", expected="0", **EVIDENCE)
    house.connect(first, url="https://secret.example")
    run = house.run(first)
    house.finished()
    assert first.get(run).status_code == 200
    for path in (run, f"{run}/progress", f"{run}/report.html", "/providers/evidence/praegung"):
        assert second.get(path).status_code == 404, path
    for path in ("/", "/service", "/endpoint", "/mappings", "/hand-in"):
        page = second.get(f"/providers{path}").text
        assert "secret.example" not in page
        assert "muenze--praegung" not in page
    house.counted["muenze"] = (Counted("evidence-x", 7, 5, house.clock()),)
    assert "evidence-x" in first.get("/providers/mappings").text
    assert "evidence-x" not in second.get("/providers/mappings").text


def test_what_operators_work_on_is_left_alone(house: ProviderHouse) -> None:
    visitor = house.visitor(house.invite("kba-zfzr", "KBA"))
    edited(house.store, "provider/kba-zfzr", "erik", url="https://new.example")
    answer = house.send(visitor, "/service", expected="2", **SERVICE)
    assert answer.headers["location"] == "/providers/service"
    assert newest(house, "provider/kba-zfzr") == (State.DRAFT, "erik")


def test_what_changed_meanwhile_is_not_overwritten(house: ProviderHouse) -> None:
    link = house.invite()
    one, other = house.visitor(link), house.visitor(link)
    house.send(one, "/service", expected="0", **SERVICE)
    answer = house.send(other, "/service", expected="0", **{**SERVICE, "name_en": "Other"})
    assert answer.headers["location"] == "/providers/service"
    assert house.store.document("provider/muenze", 1)["names"]["en"] == "Mint"
    assert len(house.store.versions("provider/muenze")) == 1


def test_forms_are_of_their_session_and_this_site(house: ProviderHouse) -> None:
    link = house.invite()
    visitor, other = house.visitor(link), house.visitor(link)
    theirs = house.invitations.csrf(other.cookies["__Host-provider"])
    for path in ("/service", "/evidence", "/endpoint", "/runs", "/hand-in", "/leave"):
        assert visitor.post(f"/providers{path}").status_code == 403
        assert visitor.post(f"/providers{path}", data={"csrf": theirs}).status_code == 403
        cross = {"sec-fetch-site": "cross-site"}
        mine = {"csrf": house.invitations.csrf(visitor.cookies["__Host-provider"])}
        assert visitor.post(f"/providers{path}", data=mine, headers=cross).status_code == 403
        assert house.stranger().post(f"/providers{path}", data=mine).status_code == 401
    assert house.stranger().post(link, headers={"sec-fetch-site": "cross-site"}).status_code == 403


def test_the_two_kinds_of_session_are_strangers(house: ProviderHouse) -> None:
    visitor = house.visitor()
    assert visitor.get("/console/").headers["location"].startswith("/console/login")
    ada = house.browser("ada")
    assert ada.get("/providers/").status_code == 401
    ada.cookies.set("__Host-provider", ada.cookies["__Host-console"])
    assert ada.get("/providers/").status_code == 401
    assert "HttpOnly" in (cookie := _cookie(house))
    assert "Secure" in cookie


def _cookie(house: ProviderHouse) -> str:
    return str(house.stranger().post(house.invite("x")).headers["set-cookie"])


def test_whoever_leaves_is_gone(house: ProviderHouse) -> None:
    visitor = house.visitor()
    kept = visitor.cookies["__Host-provider"]
    assert house.send(visitor, "/leave").status_code == 200
    visitor.cookies.set("__Host-provider", kept)
    assert visitor.get("/providers/").status_code == 401


def test_pages_are_kept_by_nobody_and_say_nothing_to_others(house: ProviderHouse) -> None:
    answer = house.stranger().get(house.invite())
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer", "the link is in the address"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert house.visitor().get("/providers/").headers["x-robots-tag"].startswith("noindex")


def test_the_authors_name_cannot_be_an_operators(house: ProviderHouse) -> None:
    visitor = house.visitor(house.invite("anna", "anna"))
    house.send(visitor, "/service", expected="0", **SERVICE)
    assert newest(house, "provider/anna") == (State.DRAFT, "provider:anna")
    assert house.clock.now + timedelta(days=30) == house.invitations.all()[0].expires_at
