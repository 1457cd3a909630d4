"""The ebMS 3.0 header: official OOTS headers, and one case per demand of the specification."""

from pathlib import Path

import pytest
from lxml import etree

from intermediary import xml
from intermediary.validation import Validator
from tests.oracles import SAMPLES, XSD, requires_official
from tests.validation.messages import PLANTED

EB = "http://docs.oasis-open.org/ebxml-msg/ebms/v3.0/ns/core/200704/"
HEADERS = sorted(path for path in SAMPLES.rglob("*.xml") if "header" in path.name.lower())

USER = """<eb:UserMessage>
  <eb:MessageInfo><eb:Timestamp>2026-05-31T12:00:00Z</eb:Timestamp><eb:MessageId>m@a.example</eb:MessageId></eb:MessageInfo>
  <eb:PartyInfo>
    <eb:From><eb:PartyId type="urn:t">a</eb:PartyId><eb:Role>r</eb:Role></eb:From>
    <eb:To><eb:PartyId type="urn:t">b</eb:PartyId><eb:Role>r</eb:Role></eb:To>
  </eb:PartyInfo>
  <eb:CollaborationInfo>
    <eb:AgreementRef type="t" pmode="p">agreed</eb:AgreementRef>
    <eb:Service type="s">QueryManager</eb:Service><eb:Action>ExecuteQueryRequest</eb:Action>
    <eb:ConversationId>c</eb:ConversationId>
  </eb:CollaborationInfo>
  <eb:MessageProperties>
    <eb:Property name="originalSender" type="urn:t">one</eb:Property>
    <eb:Property name="finalRecipient">four</eb:Property>
  </eb:MessageProperties>
  <eb:PayloadInfo>
    <eb:PartInfo href="cid:x@y"><eb:PartProperties>
      <eb:Property name="MimeType">application/x-ebrs+xml</eb:Property>
    </eb:PartProperties></eb:PartInfo>
  </eb:PayloadInfo>
</eb:UserMessage>"""
RECEIPT = """<eb:SignalMessage>
  <eb:MessageInfo><eb:Timestamp>2026-05-31T12:00:01Z</eb:Timestamp><eb:MessageId>r@b.example</eb:MessageId>
    <eb:RefToMessageId>m@a.example</eb:RefToMessageId></eb:MessageInfo>
  <eb:Receipt><bp:NonRepudiationInformation xmlns:bp="http://docs.oasis-open.org/ebxml-bp/ebbp-signals-2.0">
    <bp:MessagePartNRInformation><ds:Reference xmlns:ds="http://www.w3.org/2000/09/xmldsig#" URI="#x"/>
    </bp:MessagePartNRInformation>
    <bp:MessagePartNRInformation><bp:MessagePartIdentifier>p</bp:MessagePartIdentifier></bp:MessagePartNRInformation>
  </bp:NonRepudiationInformation></eb:Receipt>
</eb:SignalMessage>"""
ERROR = """<eb:SignalMessage>
  <eb:MessageInfo><eb:Timestamp>2026-05-31T12:00:01Z</eb:Timestamp><eb:MessageId>e@b.example</eb:MessageId></eb:MessageInfo>
  <eb:Error errorCode="EBMS:0101" severity="failure" category="Processing" origin="security"
      refToMessageInError="m@a.example" shortDescription="FailedAuthentication">
    <eb:Description xml:lang="en">Refused</eb:Description>
  </eb:Error>
</eb:SignalMessage>"""


@pytest.fixture(scope="module")
def validator() -> Validator:
    return Validator(XSD)


def header(content: str, *changes: tuple[str, str]) -> etree._Element:
    """eb:Messaging inside a SOAP envelope, as it is on the wire."""
    for old, new in changes:
        assert old in content
        content = content.replace(old, new, 1)
    envelope = xml.parse(
        f"""<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:eb="{EB}"><s:Header>
<eb:Messaging s:mustUnderstand="true" xmlns:wsu="urn:wsu" wsu:Id="_1">{content}</eb:Messaging>
</s:Header><s:Body/></s:Envelope>""".encode()
    )
    return envelope[0][0]


@requires_official
@pytest.mark.parametrize("path", HEADERS, ids=lambda path: path.name)
def test_the_official_headers_are_accepted(validator: Validator, path: Path) -> None:
    assert validator.check(xml.parse(path.read_bytes()), "ebms:v3.0").findings == ()


@pytest.mark.parametrize(
    "content", [USER, RECEIPT, ERROR, ERROR + USER], ids=["user", "receipt", "error", "both"]
)
def test_a_header_in_its_envelope_is_accepted(validator: Validator, content: str) -> None:
    assert validator.check(header(content), "ebms:v3.0").findings == ()


@pytest.mark.parametrize(
    ("content", "change", "place"),
    [
        (USER, ("2026-05-31T12:00:00Z", PLANTED), "MessageInfo/eb:Timestamp"),
        (USER, ("<eb:MessageId>m@a.example", "<eb:MessageId>"), "MessageInfo/eb:MessageId"),
        (USER, ("<eb:MessageId>m@a.example</eb:MessageId>", ""), "MessageInfo"),
        (USER, ('<eb:PartyId type="urn:t">b</eb:PartyId>', ""), "PartyInfo/eb:To/eb:Role"),
        (USER, ("<eb:Role>r</eb:Role></eb:To>", "</eb:To>"), "PartyInfo/eb:To"),
        (USER, ('<eb:Service type="s">QueryManager</eb:Service>', ""), "CollaborationInfo/eb:Action"),
        (USER, ("<eb:ConversationId>c</eb:ConversationId>", ""), "CollaborationInfo"),
        (USER, (' name="finalRecipient"', ""), "MessageProperties/eb:Property[2]"),
        (
            USER,
            ('name="finalRecipient"', 'name="finalRecipient" kind="x"'),
            "MessageProperties/eb:Property[2]/@kind",
        ),
        (
            RECEIPT,
            ("<bp:MessagePartIdentifier>p</bp:MessagePartIdentifier>", ""),
            "MessagePartNRInformation[2]",
        ),
        (ERROR, (' severity="failure"', ""), "Error"),
        (ERROR, (' xml:lang="en"', ""), "Error/eb:Description"),
    ],
)
def test_what_the_specification_forbids_is_refused_at_its_place(
    validator: Validator, content: str, change: tuple[str, str], place: str
) -> None:
    findings = validator.check(header(content, change), "ebms:v3.0").findings
    assert findings
    assert findings[0].place.endswith(place)
    assert PLANTED not in repr(findings)


def test_the_parts_of_a_user_message_come_in_their_order(validator: Validator) -> None:
    swapped = header(USER)
    message = swapped[0]
    message.append(message[1])
    assert not validator.check(swapped, "ebms:v3.0").ok


def test_must_understand_is_a_boolean(validator: Validator) -> None:
    root = header(USER)
    root.set("{http://www.w3.org/2003/05/soap-envelope}mustUnderstand", "perhaps")
    (finding,) = validator.check(root, "ebms:v3.0").findings
    assert finding.text.endswith("must be true or false.")


def test_a_thousand_parts_are_no_crowd(validator: Validator) -> None:
    root = header(USER, ("<eb:PayloadInfo>", "<eb:PayloadInfo>" + '<eb:PartInfo href="cid:z@y"/>' * 1_000))
    assert validator.check(root, "ebms:v3.0").ok
