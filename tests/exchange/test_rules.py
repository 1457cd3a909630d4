"""Business rules at run time: what breaks one is refused by its number; what we send breaks none."""

import pytest

from intermediary import edm, xml
from intermediary.edm.codes import ErrorCode
from intermediary.edm.model import EvidenceErrorResponse, EvidenceRequest
from tests.exchange.house import House, a_request
from tests.oracles import official_problems, requires_official


def body(request: EvidenceRequest, *changes: tuple[str, str]) -> bytes:
    """The request's bytes with each (old, new) replaced; a mark that is missing is a fault of the test."""
    text = edm.write(request).decode()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text.encode()


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [
        ("R-EDM-REQ-C037", ">High<", ">Highest<"),
        ("R-EDM-REQ-C033", ">application/xml<", ">application/postscript<"),
        ("R-EDM-REQ-S019", 'name="PossibilityForPreview"', 'name="Possibility"'),
        ("R-EDM-REQ-C012", 'schemeID="urn:cef.eu:names:identifier:EAS:0201"', 'schemeID="VAT"'),
        ("R-EDM-REQ-S004", 'id="urn:uuid:', 'id="urn:x:'),
    ],
)
def test_a_request_that_breaks_a_rule_is_refused_by_its_number(
    house: House, rule: str, old: str, new: str
) -> None:
    request = a_request("oots-edm:v1.2")
    answer = house.ask(request, body=body(request, (old, new))).message
    assert isinstance(answer, EvidenceErrorResponse)
    (raised,) = answer.exceptions
    assert (raised.code, rule in (raised.detail or "")) == (ErrorCode.INVALID_REQUEST, True)
    assert "1984" not in (raised.detail or "") and "Rossi" not in (raised.detail or "")


@requires_official
@pytest.mark.parametrize("version", ["oots-edm:v1.1", "oots-edm:v1.2"])
def test_the_refusal_itself_breaks_no_rule_whatever_the_request_claims(house: House, version: str) -> None:
    request = a_request(version)
    wrong = (('schemeID="urn:cef.eu:names:identifier:EAS:0201"', 'schemeID="VAT"'), ('id="urn:uuid:', 'id="'))
    answer = house.ask(request, body=body(request, *wrong)).message
    assert isinstance(answer, EvidenceErrorResponse)
    assert official_problems(xml.parse(edm.write(answer))) == ()
    assert answer.request_id is None
    assert answer.evidence_requester is not None
    assert answer.evidence_requester.identifier.scheme_id != "VAT"
