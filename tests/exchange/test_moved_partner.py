"""A whole exchange with a partner that was moved to AS4 2.0: requests, evidence, receipts, errors."""

from pathlib import Path

import pytest
from lxml import etree

from intermediary import as4
from intermediary.as4 import vocabulary as v
from intermediary.edm.model import EvidenceResponse
from intermediary.sandbox import doubles
from intermediary.sandbox.world import World
from tests.exchange.house import House, a_request


def _signed_by(body: bytes) -> str:
    """The signature method of a signal."""
    method = etree.fromstring(body).find(f".//{v.ds('SignatureMethod')}")
    assert method is not None
    return method.get("Algorithm", "")


@pytest.mark.parametrize("name", ["edelivery-2.0-eddsa", "edelivery-2.0-ecdsa"])
def test_evidence_goes_to_a_partner_that_was_moved(tmp_path: Path, name: str) -> None:
    house, profile = House(tmp_path, world=World(tmp_path, security=name)), as4.PROFILES[name]
    request = a_request()
    token, view = house.preview(request)
    status, _kind, receipt = house.push(house.second(request, token))
    assert (status, _signed_by(receipt)) == (200, profile.signature_method)
    house.desk.decide(token, "visitor-1", frozenset(d.id for d in view.documents))
    house.work()
    sent = house.partner.delivered[-1].message
    assert isinstance(sent, EvidenceResponse)
    assert len(sent.documents) == 2
    assert house.facts()[-2:] == ["evidence-destroyed", "closed"]
    packed = house.partner.pack(a_request(), action="DoSomethingElse")
    _status, _kind, error = house.receive(packed)
    assert b"EBMS:0010" in error
    house.engine.dispose()


def test_a_partner_that_moved_too_early_is_told(tmp_path: Path) -> None:
    """The partner speaks 2.0 while our P-Mode still says 1.15: refused, and nothing is stored."""
    (tmp_path / "moved").mkdir()
    house = House(tmp_path)
    moved = House(tmp_path / "moved", world=World(tmp_path / "moved", security="edelivery-2.0-eddsa"))
    assert isinstance(moved.partner, doubles.Partner)
    status, _kind, error = house.receive(moved.partner.pack(a_request()))
    assert (status, _signed_by(error)) == (200, v.RSA_SHA256)
    assert b"EBMS:0103" in error
    assert house.partner.delivered == []
    for one in (house, moved):
        one.engine.dispose()
