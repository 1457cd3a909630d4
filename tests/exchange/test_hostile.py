"""The hostile set at the access point, on real bytes and a real database: refused precisely, nothing stored.

What the codec alone refuses is in `tests/as4`; here it is seen what the platform makes of it: the answer on
the wire, the event in its log, an untouched store, and a platform that goes on.
"""

import gzip
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from lxml import etree

from intermediary import as4, trust
from intermediary.as4 import vocabulary
from intermediary.as4.codes import EbmsErrorCode as Code
from intermediary.as4.model import ErrorSignal, Packed, UserMessage
from intermediary.audit import AuditLog
from intermediary.content import InMemory
from intermediary.exchange import Exchanges, OwnAs4, PreviewStep
from intermediary.sandbox import doubles
from tests.as4 import pki
from tests.as4.forge import ForgedPart, Forgery, messaging
from tests.as4.test_attacks import bend_parts, bend_xml, find
from tests.exchange.house import House, a_request, login_of
from tests.exchange.test_stories import STRANGER, error

ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "boom"}">' for n in range(12))
DOCTYPE = b"<!DOCTYPE a SYSTEM 'file:///etc/passwd'>"
BOMB = f"<!DOCTYPE a [{ENTITIES}]>".encode()


def own(house: House, system: str, use: str) -> pki.Leaf:
    return pki.Leaf(
        house.world.key(system, use).read_bytes(), house.world.certificate(system, use).read_bytes()
    )


def header_of(house: House, sender: as4.Party | None = None) -> UserMessage:
    pmode = doubles.pmode(house.world, "portal", "platform")
    return UserMessage(
        message_id="forged@portal.sandbox",
        timestamp=datetime.now(UTC),
        sender=sender or pmode.us,
        receiver=pmode.partner,
        service=pmode.service,
        service_type=pmode.service_type,
        action="ExecuteQueryRequest",
        conversation_id="c",
    )


def forged(house: House, *parts: ForgedPart, sender: as4.Party | None = None, **bent: object) -> Packed:
    """A message of another implementation, correct for the portal unless bent."""
    given: dict[str, object] = {
        "parts": list(parts),
        "header": messaging(parts, message=header_of(house, sender)),
        "signer": own(house, "portal", "as4-signing"),
        "recipient": own(house, "platform", "as4-encryption"),
        **bent,
    }
    return Forgery(**given).pack()  # type: ignore[arg-type]


def soap_with(prefix: bytes) -> Callable[[House], Packed]:
    def make(house: House) -> Packed:
        packed = house.partner.pack(a_request())
        return replace(
            packed, content=InMemory(packed.body.replace(b"<env:Envelope", prefix + b"<env:Envelope", 1))
        )

    return make


def gzip_bomb(house: House) -> Packed:
    # 400 MB of zeros: above what the P-Mode allows, below what would hurt the machine if it were unpacked
    content = gzip.compress(bytes(4 * 1024 * 1024), 9) * 100
    marks = (("MimeType", "application/x-ebrs+xml"), ("CompressionType", "application/gzip"))
    return forged(house, ForgedPart("bomb@forge", "application/gzip", content, marks))


def ten_thousand_parts(house: House) -> Packed:
    packed = house.partner.pack(a_request())
    return bend_parts(packed, lambda parts: parts.extend([b"\r\nContent-ID: <x@y>\r\n\r\n1"] * 10_000))


def truncated(house: House) -> Packed:
    packed = house.partner.pack(a_request())
    return replace(packed, content=InMemory(packed.body[: len(packed.body) * 2 // 3]))


def wrong_signature(house: House) -> Packed:
    def change(envelope: etree._Element) -> None:
        value = find(envelope, vocabulary.ds("SignatureValue"))
        value.text = (value.text or "").swapcase()

    return bend_xml(house.partner.pack(a_request()), change)


def altered_action(house: House) -> Packed:
    packed = house.partner.pack(a_request())
    return replace(
        packed, content=InMemory(packed.body.replace(b"ExecuteQueryRequest<", b"ExecuteQueryResponse<", 1))
    )


def unsigned_part(house: House) -> Packed:
    return forged(
        house,
        ForgedPart("signed@forge", "application/octet-stream", b"1"),
        ForgedPart("unsigned@forge", "application/octet-stream", b"2"),
        covered=lambda uri: uri != "cid:unsigned@forge",
    )


def unsigned(house: House) -> Packed:
    def strip(envelope: etree._Element) -> None:
        signature = find(envelope, vocabulary.ds("Signature"))
        parent = signature.getparent()
        assert parent is not None
        parent.remove(signature)

    return bend_xml(house.partner.pack(a_request()), strip)


def unknown_partner(house: House) -> Packed:
    part = ForgedPart("p@forge", "application/octet-stream", b"1")
    return forged(house, part, sender=as4.Party("AP_STRANGER", doubles.PARTY_TYPE), signer=pki.leaf("AP_X"))


def foreign_key(house: House) -> Packed:
    """The stranger says that they are the portal."""
    return forged(
        house, ForgedPart("p@forge", "application/octet-stream", b"1"), signer=pki.leaf("AP_IT_SANDBOX")
    )


def not_encrypted(house: House) -> Packed:
    return forged(house, ForgedPart("p@forge", "application/octet-stream", b"1"), recipient=None)


HOSTILE: dict[str, tuple[Callable[[House], Packed], Code, str, int]] = {
    "dtd": (soap_with(DOCTYPE), Code.INVALID_HEADER, "XML-NO-DOCTYPE", 400),
    "entity-bomb": (soap_with(BOMB), Code.INVALID_HEADER, "XML-NO-DOCTYPE", 400),
    "gzip-bomb": (gzip_bomb, Code.DECOMPRESSION_FAILURE, "", 200),
    "ten-thousand-parts": (ten_thousand_parts, Code.MIME_INCONSISTENCY, "MIME parts", 400),
    "truncated": (truncated, Code.MIME_INCONSISTENCY, "", 400),
    "wrong-signature": (wrong_signature, Code.FAILED_AUTHENTICATION, "signature value", 200),
    "altered-header": (altered_action, Code.FAILED_AUTHENTICATION, "digest of Messaging", 200),
    "unsigned": (unsigned, Code.POLICY_NONCOMPLIANCE, "not signed", 200),
    "unsigned-part": (unsigned_part, Code.POLICY_NONCOMPLIANCE, "does not cover every part", 200),
    "not-encrypted": (not_encrypted, Code.POLICY_NONCOMPLIANCE, "not encrypted", 200),
    "unknown-partner": (unknown_partner, Code.VALUE_NOT_RECOGNIZED, "not a partner", 200),
    "foreign-key": (foreign_key, Code.FAILED_AUTHENTICATION, "", 200),
    "empty-body": (
        lambda _: Packed("multipart/related; boundary=x", b""), Code.MIME_INCONSISTENCY, "", 400
    ),
    "nothing-at-all": (lambda _: Packed("", b""), Code.MIME_INCONSISTENCY, "", 400),
    "wrong-content-type": (
        lambda _: Packed("application/json", b"{}"), Code.MIME_INCONSISTENCY, "", 400
    ),
    "rubbish": (
        lambda _: Packed("application/soap+xml", bytes(range(256))), Code.INVALID_HEADER, "XML-", 400
    ),
}  # fmt: skip


@pytest.mark.parametrize("attack", HOSTILE)
def test_refused_with_a_precise_error_and_nothing_stored(house: House, attack: str) -> None:
    make, code, reason, status = HOSTILE[attack]
    packed = make(house)
    answered = house.receive(packed)
    assert answered[0] == status
    assert signalled(house, packed, answered) is code
    assert_refused_and_alive(house, code, reason)


def signalled(
    house: House, packed: Packed, answer: tuple[int, str, bytes], message_id: str | None = None
) -> Code:
    """The code of the signed error signal that came back; it may refer to no message."""
    _status, content_type, body = answer
    signal = house.partner.read_signal(packed, content_type, body, message_id or _reference(body))
    assert isinstance(signal, ErrorSignal)
    (raised,) = signal.errors
    assert raised.description
    return raised.code


def _reference(body: bytes) -> str:
    found = body.partition(b'refToMessageInError="')[2].partition(b'"')[0]
    return found.decode() or "none@none"


def assert_refused_and_alive(house: House, code: Code, reason: str, exchanges: int = 0) -> None:
    """One event with code and reason; no exchange, no message, nothing pushed; and the next request works."""
    (event,) = [e for e in AuditLog(house.engine).platform() if e.fact == "message-refused"]
    assert dict(event.data)["code"] == code.code
    assert reason in dict(event.data)["reason"]
    assert dict(event.data)["reason"]
    house.work()
    assert len(AuditLog(house.engine).exchanges()) == exchanges
    assert len(house.partner.delivered) == exchanges
    assert AuditLog(house.engine).broken_streams() == ()
    house.ask(a_request())
    assert len(house.partner.delivered) == exchanges + 1


def test_an_expired_certificate(house: House) -> None:
    """Pinned in the P-Mode and issued by the trust anchor, yet too old."""
    old = pki.leaf("AP_OLD", starts=pki.NOW - timedelta(days=60), ends=pki.NOW - timedelta(days=30))
    party = as4.Party("AP_OLD", doubles.PARTY_TYPE)
    pmode = replace(
        house.ports.pmodes[0], id="old", partner=party, partner_signing_certificates=(old.certificate,)
    )
    anchors = [pki.authority(), x509.load_pem_x509_certificate(house.world.authority.read_bytes())]
    assert isinstance(house.ports.messaging, OwnAs4)
    checking = replace(
        house.ports.messaging,
        certificate_check=lambda at: trust.certificate_check(anchors, trust.CertificatePolicy(), at),
    )
    ports = replace(house.ports, pmodes=(*house.ports.pmodes, pmode), messaging=checking)
    house.ports, house.exchanges = ports, Exchanges(ports)
    house.worker = house.exchanges.worker("w")
    packed = forged(house, ForgedPart("p@forge", "application/octet-stream", b"1"), sender=party, signer=old)
    answer = house.receive(packed)
    assert signalled(house, packed, answer) is Code.FAILED_AUTHENTICATION
    assert_refused_and_alive(house, Code.FAILED_AUTHENTICATION, "expired")


def test_a_replayed_message_id_with_other_content(house: House) -> None:
    packed = house.partner.pack(a_request(), message_id="twice@portal.sandbox")
    house.receive(packed)
    house.work()
    other = house.partner.pack(a_request(), message_id="twice@portal.sandbox")
    answer = house.receive(other)
    assert signalled(house, other, answer) is Code.OTHER
    assert_refused_and_alive(house, Code.OTHER, "replayed", exchanges=1)
    assert house.facts().count("duplicate-received") == 1


@pytest.mark.parametrize("body", [DOCTYPE + b"<a/>", BOMB + b"<a>&e11;</a>", b"<a>" * 5000])
def test_hostile_xml_inside_a_correct_message_is_answered_as_an_edm_error(house: House, body: bytes) -> None:
    code, detail = error(house.ask(a_request(), body=body))
    assert code == "EDM:ERR:0003"
    assert "XML-" in detail
    (refused,) = [e for e in house.story().events if e.fact == "request-refused"]
    assert dict(refused.data)["code"] == "EDM:ERR:0003"
    assert "XML-" in dict(refused.data)["rules"]
    assert house.register.asked == []


def test_an_answer_to_nothing_is_logged_with_its_code(house: House) -> None:
    """A partner pushes an evidence response that nobody asked for: acknowledged, and not answered."""
    from intermediary import edm
    from tests.edm import examples

    status, _, _ = house.push(a_request(), action="ExecuteQueryResponse", body=edm.write(examples.response()))
    house.work()
    assert status == 200
    assert house.partner.delivered == []
    (event,) = [e for e in AuditLog(house.engine).platform() if e.fact == "message-refused"]
    assert dict(event.data)["code"] == Code.VALUE_NOT_RECOGNIZED.code
    assert "none of our requests" in dict(event.data)["reason"]


@pytest.mark.parametrize(
    "location",
    [
        "https://evil.example/",
        "http://portal.example/",
        "https://portal.example@evil.example/",
        "https://portal.example.evil.example/",
        "//evil.example/",
        "javascript:alert(1)",
        "https://portal.example\\@evil.example/",
        "https://portal.example:443%2f@evil.example/",
    ],
)
def test_a_foreign_return_location_is_refused_in_both_versions(house: House, location: str) -> None:
    old = a_request("oots-edm:v1.2")
    token = house.begin(old)
    house.desk.remember_return(token, location, "GET")
    assert house.desk.view(token, None).return_location is None
    assert "return-location-refused" in house.facts()
    new = a_request()
    house.push(new)
    house.work()
    offered = house.partner.journal.read()[-1]["location"]
    token = (offered or "").rpartition("/")[2]
    house.push(house.second(new, token, return_location=location))
    house.work()
    assert house.desk.view(token, None).return_location is None


def test_a_second_citizen_on_the_first_ones_link_learns_nothing(house: House) -> None:
    request = a_request()
    token, view = house.preview(request)
    taken = house.desk.identify(token, "visitor-2", STRANGER)
    assert taken.step is PreviewStep.TAKEN
    assert (taken.documents, taken.inputs, taken.approved, taken.return_location) == ((), (), 0, None)
    assert login_of(request).family_name not in repr(taken)
    assert house.desk.view(token, "visitor-1").documents == view.documents
    assert "visitor-refused" in house.facts()
