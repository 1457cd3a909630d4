"""eb:UserMessage and eb:SignalMessage written in canonical form (ebMS 3.0 Core §5.2, AS4 Profile §5.1.8)."""

from collections.abc import Sequence
from datetime import UTC, datetime

from intermediary.as4.errors import CannotPack
from intermediary.as4.header import PartInfo, is_message_id
from intermediary.as4.model import EbmsError, Party, Property, UserMessage
from intermediary.as4.soap import attribute, text
from intermediary.as4.vocabulary import EBBP


def user_message(message: UserMessage, parts: Sequence[PartInfo]) -> str:
    """eb:UserMessage; raises CannotPack for what the schema or the profile does not allow."""
    if not message.service or not message.action:
        raise CannotPack("Service and Action must not be empty")
    agreement = ""
    if message.agreement:
        agreement = _leaf("AgreementRef", message.agreement, _attributes(type=message.agreement_type))
    return (
        f"<eb:UserMessage{_attributes(mpc=message.mpc)}>"
        f"{_message_info(message.timestamp, message.message_id, message.ref_to_message_id)}"
        f"<eb:PartyInfo>{_party('From', message.sender)}{_party('To', message.receiver)}</eb:PartyInfo>"
        f"<eb:CollaborationInfo>{agreement}"
        f"{_leaf('Service', message.service, _attributes(type=message.service_type))}"
        f"{_leaf('Action', message.action)}{_leaf('ConversationId', message.conversation_id)}"
        f"</eb:CollaborationInfo>"
        f"{_properties('MessageProperties', message.properties)}{_payload_info(parts)}</eb:UserMessage>"
    )


def receipt(timestamp: datetime, message_id: str, ref_to_message_id: str, references: Sequence[bytes]) -> str:
    """A receipt signal; the references are copied verbatim, canonical ds:Reference elements."""
    parts = "".join(
        f"<ebbpsig:MessagePartNRInformation>{reference.decode()}</ebbpsig:MessagePartNRInformation>"
        for reference in references
    )
    return (
        f"<eb:SignalMessage>{_message_info(timestamp, message_id, ref_to_message_id)}<eb:Receipt>"
        f'<ebbpsig:NonRepudiationInformation xmlns:ebbpsig="{EBBP}">{parts}'
        f"</ebbpsig:NonRepudiationInformation></eb:Receipt></eb:SignalMessage>"
    )


def plain_receipt(timestamp: datetime, message_id: str, message: UserMessage) -> str:
    """A receipt without non-repudiation, for a message that was not signed: a copy of its header."""
    return (
        f"<eb:SignalMessage>{_message_info(timestamp, message_id, message.message_id)}"
        f"<eb:Receipt>{user_message(message, ())}</eb:Receipt></eb:SignalMessage>"
    )


def error_signal(timestamp: datetime, message_id: str, errors: Sequence[EbmsError]) -> str:
    """An error signal with one or more errors."""
    ref = next((error.ref_to_message_id for error in errors if error.ref_to_message_id), None)
    return (
        f"<eb:SignalMessage>{_message_info(timestamp, message_id, ref)}"
        f"{''.join(_error(error) for error in errors)}</eb:SignalMessage>"
    )


def _error(error: EbmsError) -> str:
    attributes = _attributes(
        category=error.code.category,
        errorCode=error.code.code,
        origin="ebMS",
        refToMessageInError=error.ref_to_message_id,
        severity=error.code.severity,
        shortDescription=error.code.short_description,
    )
    described = _leaf("Description", error.description, ' xml:lang="en"') if error.description else ""
    return f"<eb:Error{attributes}>{described}</eb:Error>"


def _message_info(timestamp: datetime, message_id: str, ref: str | None) -> str:
    if timestamp.tzinfo is None:
        raise CannotPack("The timestamp must be an aware UTC time")
    if not is_message_id(message_id):
        raise CannotPack("The MessageId must have the form local@domain")
    at = timestamp.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
    return (
        f"<eb:MessageInfo><eb:Timestamp>{at}Z</eb:Timestamp><eb:MessageId>{text(message_id)}</eb:MessageId>"
        f"{_leaf('RefToMessageId', ref) if ref else ''}</eb:MessageInfo>"
    )


def _party(name: str, party: Party) -> str:
    if not party.id or not party.role:
        raise CannotPack("A party needs an id and a role")
    return (
        f"<eb:{name}>{_leaf('PartyId', party.id, _attributes(type=party.type))}"
        f"{_leaf('Role', party.role)}</eb:{name}>"
    )


def _properties(name: str, properties: Sequence[Property]) -> str:
    if not properties:
        return ""
    if len({prop.name for prop in properties}) != len(properties):
        raise CannotPack(f"{name} must not name a property twice")
    inside = "".join(
        _leaf("Property", prop.value, _attributes(name=prop.name, type=prop.type)) for prop in properties
    )
    return f"<eb:{name}>{inside}</eb:{name}>"


def _payload_info(parts: Sequence[PartInfo]) -> str:
    if not parts:
        return ""
    inside = "".join(
        f'<eb:PartInfo href="{attribute(part.href)}">'
        f"{_properties('PartProperties', part.properties)}</eb:PartInfo>"
        for part in parts
    )
    return f"<eb:PayloadInfo>{inside}</eb:PayloadInfo>"


def _leaf(name: str, value: str, attributes: str = "") -> str:
    return f"<eb:{name}{attributes}>{text(value)}</eb:{name}>"


def _attributes(**values: str | None) -> str:
    """Attributes in the order given: the callers give them sorted, as canonical form demands."""
    return "".join(f' {name}="{attribute(value)}"' for name, value in values.items() if value is not None)
