"""How the gateway keeps a message in a row."""

import base64
import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from intermediary.as4 import Party, Payload, Property, UserMessage


@dataclass(frozen=True, slots=True)
class Stored:
    """A message that is here: its header and its parts."""

    header: UserMessage
    parts: tuple[Payload, ...] = field(repr=False)


def header_json(header: UserMessage) -> str:
    """A header as it is kept."""
    return json.dumps(
        {
            "message_id": header.message_id,
            "timestamp": header.timestamp.isoformat(),
            "sender": [header.sender.id, header.sender.type, header.sender.role],
            "receiver": [header.receiver.id, header.receiver.type, header.receiver.role],
            "service": header.service,
            "service_type": header.service_type,
            "action": header.action,
            "conversation_id": header.conversation_id,
            "ref_to_message_id": header.ref_to_message_id,
            "agreement": header.agreement,
            "properties": [[p.name, p.value, p.type] for p in header.properties],
        }
    )


def parts_json(parts: Iterable[Payload]) -> str:
    """Parts as they are kept."""
    return json.dumps([[p.content_id, p.media_type, base64.b64encode(as4_bytes(p)).decode()] for p in parts])


def as4_bytes(payload: Payload) -> bytes:
    """The content of a part; what is big does not pass through this double."""
    return payload.content.read()


def stored_in(row: sqlite3.Row) -> Stored:
    """The message that a row keeps."""
    values = json.loads(row["header"])
    values["timestamp"] = datetime.fromisoformat(values["timestamp"])
    values["sender"], values["receiver"] = Party(*values["sender"]), Party(*values["receiver"])
    values["properties"] = tuple(Property(*p) for p in values["properties"])
    parts = tuple(Payload(i, kind, base64.b64decode(text)) for i, kind, text in json.loads(row["parts"]))
    return Stored(UserMessage(**values), parts)
