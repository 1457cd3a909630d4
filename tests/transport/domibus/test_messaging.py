"""What we send: submitted once, followed until the gateway knows how it ended."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from intermediary.as4 import EbmsErrorCode, Packed, Payload, PMode, Property, UserMessage
from intermediary.edm import write
from intermediary.exchange import Delivery, PartnerUnreachable, Stage
from intermediary.sandbox.domibus import Options
from intermediary.sandbox.domibus.gateway import partner_pmode
from intermediary.sandbox.world import GATEWAY
from intermediary.transport.domibus import GatewayMessaging, WsPlugin
from intermediary.transport.domibus.errors import GatewayFault
from tests.edm import examples
from tests.transport.domibus.conftest import Site, until

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 999


def a_message(site: Site) -> tuple[UserMessage, tuple[Payload, ...], PMode]:
    """An evidence response with one document."""
    pmode = partner_pmode(site.world)
    header = UserMessage(
        message_id=f"{uuid4()}@platform.sandbox",
        timestamp=datetime.now(UTC),
        sender=pmode.us,
        receiver=pmode.partner,
        service=pmode.service,
        service_type=pmode.service_type,
        action="ExecuteQueryResponse",
        conversation_id="c & <1>",
        ref_to_message_id="request@portal.sandbox",
        properties=(
            Property("originalSender", "DE1", "urn:x"),
            Property("finalRecipient", "IT1", "urn:x"),
            Property("SpecificationId", "oots-edm:v2.0"),
        ),
    )
    edm_part = Payload("edm@platform.sandbox", "application/x-ebrs+xml", write(examples.response()))
    return header, (edm_part, Payload("a b@platform.sandbox", "application/pdf", PDF)), pmode


class Sender:
    """The steps of the exchange's outbox, without its database."""

    def __init__(self, site: Site, plugin: WsPlugin) -> None:
        self.messaging = GatewayMessaging(plugin)
        self.header, self.payloads, self.pmode = a_message(site)
        self.packed: Packed = self.messaging.pack(self.header, self.payloads, self.pmode)

    def step(self, *, submitted: bool) -> Delivery:
        return self.messaging.deliver(self.header.message_id, self.packed, self.pmode, submitted=submitted)

    def ends(self) -> Delivery:
        """What a patient look shows in the end."""

        def look() -> Delivery | None:
            found = self.step(submitted=True)
            return None if found.stage in (Stage.SUBMITTED, Stage.RETRYING) else found

        found = until(look)
        assert isinstance(found, Delivery)
        return found


@pytest.fixture
def sender(site: Site, plugin: WsPlugin) -> Sender:
    return Sender(site, plugin)


def test_submitted_then_acknowledged_and_the_partner_has_what_was_sent(site: Site, sender: Sender) -> None:
    site.options(send=False)
    assert sender.step(submitted=False) == Delivery(Stage.SUBMITTED)
    site.options(send=True)
    assert sender.ends() == Delivery(Stage.ACKNOWLEDGED)
    (delivered,) = site.partner.delivered
    assert delivered.header.message_id == sender.header.message_id
    assert delivered.header.ref_to_message_id == "request@portal.sandbox"
    assert delivered.header.conversation_id == "c & <1>"
    assert delivered.header.properties == sender.header.properties
    assert [(p.media_type, p.data) for p in delivered.payloads] == [
        (p.media_type, p.data) for p in sender.payloads
    ]


def test_a_repeat_is_recognised_by_its_message_id(site: Site, sender: Sender, plugin: WsPlugin) -> None:
    """After a crash between the submission and its record: «already exists» means submitted."""
    plugin.submit(sender.packed)
    with pytest.raises(GatewayFault, match=r"EBMS:0004 .*already exists"):
        plugin.submit(sender.packed)
    assert sender.step(submitted=False).stage in (Stage.SUBMITTED, Stage.ACKNOWLEDGED)
    assert sender.ends().stage is Stage.ACKNOWLEDGED
    assert len(site.partner.delivered) == 1


def test_already_exists_is_no_failure_when_the_look_came_too_early(
    site: Site, sender: Sender, plugin: WsPlugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two workers: the other one submits between our look and our submission."""
    looks: list[str] = []
    real = plugin.status

    def status(message_id: str) -> str:
        if not looks:
            looks.append(real(message_id))
            plugin.submit(sender.packed)
            return looks[0]
        return real(message_id)

    monkeypatch.setattr(plugin, "status", status)
    assert sender.step(submitted=False).stage in (Stage.SUBMITTED, Stage.ACKNOWLEDGED)
    assert looks == ["NOT_FOUND"]


def test_waiting_for_retry_then_acknowledged(site: Site, sender: Sender) -> None:
    site.options(retry_seconds=0.5)
    site.partner.unreachable = 1
    sender.step(submitted=False)
    waiting = until(lambda: (d := sender.step(submitted=True)).stage is Stage.RETRYING and d)
    assert waiting.reason.startswith("WAITING_FOR_RETRY EBMS:0")
    assert sender.ends().stage is Stage.ACKNOWLEDGED


def test_send_failure_has_the_ebms_code(site: Site, sender: Sender) -> None:
    site.options(attempts=2, retry_seconds=0.05)
    site.partner.refusals = [EbmsErrorCode.FAILED_DECRYPTION] * 2
    sender.step(submitted=False)
    assert sender.ends() == Delivery(Stage.REFUSED, "SEND_FAILURE EBMS:0102")


def test_what_the_gateway_lost_is_submitted_again(site: Site, sender: Sender) -> None:
    assert sender.step(submitted=True).stage in (Stage.SUBMITTED, Stage.ACKNOWLEDGED)
    assert sender.ends().stage is Stage.ACKNOWLEDGED


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"action": "Unknown"}, "EBMS:0001"),
        ({"service": "Unknown"}, "EBMS:0001"),
        ({"properties": ()}, "EBMS:0010"),
    ],
)
def test_what_the_gateways_pmode_does_not_know_is_refused(
    site: Site, sender: Sender, change: dict[str, object], code: str
) -> None:
    header = replace(sender.header, **change)  # type: ignore[arg-type]
    sender.packed = sender.messaging.pack(header, sender.payloads, sender.pmode)
    assert sender.step(submitted=False) == Delivery(Stage.REFUSED, code)


def test_unknown_party(site: Site, sender: Sender) -> None:
    stranger = replace(sender.header.receiver, id="AP_NOBODY")
    sender.packed = sender.messaging.pack(
        replace(sender.header, receiver=stranger), sender.payloads, sender.pmode
    )
    assert sender.step(submitted=False) == Delivery(Stage.REFUSED, "EBMS:0003")


def test_the_gateway_is_down_and_comes_back_with_everything(site: Site, sender: Sender) -> None:
    site.options(send=False)
    sender.step(submitted=False)
    site.stop(GATEWAY)
    with pytest.raises(PartnerUnreachable, match="ConnectError"):
        sender.step(submitted=True)
    site.start_gateway(Options(push=False))
    assert sender.ends().stage is Stage.ACKNOWLEDGED


def test_wrong_password_names_the_remedy(site: Site) -> None:
    plugin = WsPlugin(site.access(password="wrong"))
    with pytest.raises(PartnerUnreachable, match=r"HTTP 401; check gateway\.user"):
        plugin.pending()
    plugin.close()


def test_a_url_of_something_else(site: Site) -> None:
    plugin = WsPlugin(site.access(url=site.world.url(GATEWAY, "/domibus/elsewhere")))
    with pytest.raises(PartnerUnreachable, match="HTTP 404 without SOAP"):
        plugin.pending()
    plugin.close()


def test_digests_prove_what_was_submitted(sender: Sender) -> None:
    assert [r.digest_value for r in sender.packed.references] == [
        hashlib.sha256(p.data).digest() for p in sender.payloads
    ]
