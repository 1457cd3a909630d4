"""Who may invite; whom a link lets in, and when it does not."""

from sqlalchemy import select

from intermediary.console.tables import InvitationRow
from tests.console.selfservice.conftest import ProviderHouse

INVITE = "/console/provider-invitations"


def test_a_link_lets_in_until_it_is_revoked(house: ProviderHouse) -> None:
    link = house.invite()
    stranger = house.stranger()
    seen = stranger.get(link)
    assert seen.status_code == 200
    assert "Münze" in seen.text
    assert not stranger.cookies, "looking at the link is no session"
    visitor = house.visitor(link)
    assert visitor.get("/providers/").status_code == 200
    ada = house.browser("ada")
    (invitation,) = house.invitations.all()
    answer = ada.post(f"{INVITE}/{invitation.id}/revoke", data={"csrf": house.csrf(ada)})
    assert answer.status_code == 303
    assert visitor.get("/providers/").status_code == 401
    assert stranger.get(link).status_code == stranger.post(link).status_code == 404
    assert [(actor, action) for actor, action, _ in house.journal if action.startswith("provider")] == [
        ("ada", "provider-invited"),
        ("ada", "provider-invitation-revoked"),
    ]


def test_a_link_ends_by_the_clock_and_so_do_sessions(house: ProviderHouse) -> None:
    link = house.invite(days="2")
    visitor = house.visitor(link)
    house.clock.advance(minutes=61)
    assert visitor.get("/providers/").status_code == 401, "idle"
    visitor = house.visitor(link)
    for _ in range(11):
        house.clock.advance(minutes=55)
        last = visitor.get("/providers/").status_code
    assert last == 401, "no session outlives a working day"
    house.clock.advance(days=2)
    assert house.stranger().get(link).status_code == 404


def test_the_store_holds_no_link_and_the_log_no_person(house: ProviderHouse) -> None:
    token = house.invite(email="erika@example.org").rsplit("/", 1)[1]
    with house.engine.connect() as connection:
        row = connection.execute(select(InvitationRow.__table__)).mappings().one()  # type: ignore[attr-defined]
    assert token not in str(dict(row))
    assert "erika" not in str(house.journal)
    assert "Münze" not in str(house.journal)
    (invitation,) = house.invitations.all()
    assert "erika" not in repr(invitation)
    house.clock.advance(days=200)
    house.invite("other")
    assert house.invitations.one(invitation.id).email is None  # type: ignore[union-attr]


def test_guessing_is_slowed_down_for_who_guesses(house: ProviderHouse) -> None:
    link = house.invite()
    guesser = house.stranger("203.0.113.9")
    for n in range(20):
        assert guesser.get(f"/providers/{'x' * 42}{n % 10}").status_code == 404
    slow = guesser.get(f"/providers/{'y' * 43}")
    assert slow.status_code == 429
    assert int(slow.headers["retry-after"]) > 0
    assert guesser.post(link).status_code == 429, "the right guess, too"
    assert house.stranger("203.0.113.10").get(link).status_code == 200
    house.clock.advance(minutes=11)
    assert guesser.get(link).status_code == 200


def test_only_editors_and_administrators_invite(house: ProviderHouse) -> None:
    for who, status in (("vera", 403), ("otto", 403), ("erik", 200), ("ada", 200)):
        browser = house.browser(who)
        assert browser.get(f"{INVITE}/new").status_code == status
        form = {"organisation": "A", "provider": "a", "days": "1", "email": "", "audience": ""}
        sent = {"csrf": house.csrf(browser), **form}
        assert browser.post(f"{INVITE}/new", data=sent).status_code == status
    assert browser.post(f"{INVITE}/new", data=form).status_code == 403, "without the form's own value"
    assert len(house.invitations.all()) == 2


def test_what_is_wrong_with_an_invitation_is_said(house: ProviderHouse) -> None:
    ada = house.browser("ada")
    wrong = {"organisation": "", "provider": "A--b", "days": "366", "email": "x", "audience": "a b"}
    answer = ada.post(f"{INVITE}/new", data={"csrf": house.csrf(ada), **wrong})
    assert answer.status_code == 422
    assert all(f'href="#{name}"' in answer.text for name in wrong)
    for days in ("0", "-1", "1.5", "²", "9" * 5000, "000001" + "9" * 40):
        sent = {"csrf": house.csrf(ada), "organisation": "A", "provider": "a", "days": days}
        assert ada.post(f"{INVITE}/new", data=sent).status_code == 422


def test_machines_invite_too(house: ProviderHouse) -> None:
    api, ada = "/console/api/v1/provider-invitations", house.token("ada")
    client = house.browser()
    made = client.post(api, json={"organisation": "A", "provider": "a-b", "audience": "a"}, headers=ada)
    assert made.status_code == 201
    said = made.json()
    assert house.visitor(said["link"].removeprefix("https://localhost"))
    assert client.get(f"{api}/{said['id']}", headers=ada).json()["open"] is True
    assert "link" not in client.get(f"{api}/{said['id']}", headers=ada).json()
    assert [one["id"] for one in client.get(api, headers=ada).json()] == [said["id"]]
    ended = client.post(f"{api}/{said['id']}/revoke", headers=ada)
    assert ended.json()["open"] is False
    nobody = "00000000-0000-4000-8000-000000000000"
    assert client.get(f"{api}/{nobody}", headers=ada).status_code == 404
    assert client.post(api, json={"organisation": " ", "provider": "a--b"}, headers=ada).status_code == 422
    assert client.get(api, headers=house.token("vera")).status_code == 403
    assert client.get(api).status_code == 401
