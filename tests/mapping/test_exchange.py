"""An exchange keeps the version by which it was accepted, whatever becomes of the mapping meanwhile."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from intermediary.exchange import Exchanges, PreviewStep
from intermediary.mapping import MappingStore, Provider, StoredMappings
from intermediary.national.model import NationalAnswer, NationalRequest
from tests.exchange.house import House, a_request
from tests.mapping.studio import ADA, NOW, SHIPPED, published

VEHICLE, REGISTER = "evidence/fahrzeugregistrierung", "provider/kba-zfzr"
WHO: dict[str, Any] = {"actor": ADA, "reason": "test", "at": NOW}


class Studio(House):
    """A house whose mappings are in the store."""

    def again(self) -> None:
        """Start (again) on what the database holds."""
        super().again()
        self.store = MappingStore(self.engine)
        if not self.store.revision():
            self.store.adopt(SHIPPED, actor="platform", reason="first start", at=NOW)
        self.ports = replace(self.ports, mappings=StoredMappings(self.store))
        self.exchanges = Exchanges(self.ports)
        self.desk = self.exchanges.desk
        self.worker = self.exchanges.worker("worker")


@pytest.fixture
def house(tmp_path: Path) -> Studio:
    """A platform with a mapping store."""
    return Studio(tmp_path)


def finish(house: Studio, token: str) -> None:
    """The citizen approves."""
    view = house.desk.view(token, "visitor-1")
    assert view.step is PreviewStep.DECIDE
    house.desk.decide(token, "visitor-1", frozenset(d.id for d in view.documents))


def test_version_and_revision_are_on_the_exchange_and_in_its_story(house: Studio) -> None:
    published(house.store, VEHICLE, legal_basis="§ 1")
    house.preview(a_request())
    data = dict(next(e.data for e in house.story().events if e.fact == "request-accepted"))
    assert (data["mapping"], data["mapping_version"]) == ("fahrzeugregistrierung", "2")
    assert data["mapping_revision"] == str(house.store.revision())
    asked = dict(next(e.data for e in house.story().events if e.fact == "provider-asked"))
    assert (asked["provider"], asked["provider_version"]) == ("kba-zfzr", "1")


def test_usage_tells_which_exchanges_used_a_version(house: Studio) -> None:
    house.ask(a_request())
    published(house.store, VEHICLE, legal_basis="§ 1")
    house.ask(a_request())
    house.ask(a_request())
    usage = house.store.usage(VEHICLE)
    assert (usage.count, usage.by_version) == (3, {1: 1, 2: 2})
    first = house.store.usage(VEHICLE, 1)
    assert (first.count, first.exchanges) == (1, (usage.exchanges[-1],))
    assert first.first == first.last
    assert house.store.usage(REGISTER).count == 3
    assert house.store.usage("evidence/eheurkunde").count == 0


def test_what_is_under_way_ends_by_the_version_that_it_began_with(house: Studio) -> None:
    token = house.begin(a_request())
    published(house.store, VEHICLE, legal_basis="§ 1 of another law", titles={"en": "Another title"})
    view = house.log_in(a_request(), token)
    assert view.evidence_title["en"] == "Vehicle registration"
    assert "another law" not in house.register.asked[-1].purpose.legal_basis
    finish(house, token)


def test_a_mapping_that_is_retired_stops_new_requests_not_those_under_way(house: Studio) -> None:
    request = a_request()
    token = house.begin(request)
    house.store.retire((VEHICLE, 1), **WHO)
    house.again()
    assert house.log_in(request, token).step is PreviewStep.DECIDE
    finish(house, token)
    before = len(house.partner.delivered)
    house.ask(a_request())
    assert len(house.partner.delivered) == before + 1
    assert house.store.usage(VEHICLE).count == 1


def test_a_register_that_has_moved_is_asked_where_it_is_now(
    house: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls: list[str] = []
    ask = house.register.ask

    def watched(provider: Provider, request: NationalRequest) -> NationalAnswer:
        urls.append(provider.url)
        return ask(provider, request)

    monkeypatch.setattr(house.register, "ask", watched)
    request = a_request()
    token = house.begin(request)
    published(house.store, REGISTER, url="https://moved.example")
    house.log_in(request, token)
    assert urls == ["https://moved.example"]
    asked = [dict(e.data) for e in house.story().events if e.fact == "provider-asked"]
    assert [each["provider_version"] for each in asked] == ["2"]
