"""Record what phase4 writes as vectors that need neither phase4 nor a key: `python -m tests.interop.record`.

Signed-only messages and signals with the certificates to verify them; private keys stay in memory.
"""

import base64
import json
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from intermediary import as4
from tests.as4 import pki
from tests.interop import parties
from tests.interop.parties import PHASE4, Answer, Platform, Server, leaf, message, pmode, post, signing
from tests.interop.peer import Peer, build
from tests.interop.vectors_of_phase4 import PARTS, VECTORS


def record() -> None:
    """Write all vectors anew."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        peer = Peer(build(), parties.settings(folder), folder)
        server = Server()
        server.platform = Platform(pmodes=(pmode(encrypt=False),), url=server.url)
        described = {
            "phase4": "4.4.1",
            "recorded": parties.STARTED.isoformat(),
            "push": _push(peer, server.platform, folder),
            "receipt": _answer(peer, "receipt", message()),
            "error": _answer(peer, "error", message(service="OtherService")),
        }
        peer.stop()
        server.shutdown()
    (VECTORS / "vectors.json").write_text(json.dumps(described, indent=2) + "\n")
    (VECTORS / "signer.pem").write_bytes(leaf(PHASE4).certificate)
    (VECTORS / "anchor.pem").write_bytes(pki.authority().public_bytes(serialization.Encoding.PEM))


def _push(peer: Peer, platform: Platform, folder: Path) -> dict[str, object]:
    parts = []
    for payload, compress in PARTS:
        (folder / payload.content_id).write_bytes(payload.data)
        parts.append(
            {
                "file": str(folder / payload.content_id),
                "id": payload.content_id,
                "mediaType": payload.media_type,
                "compress": compress,
            }
        )
    peer.ask(do="send", url=platform.url, parts=parts, encrypt=False)
    assert platform.unpacked is not None, platform.refused
    (VECTORS / "push.mime").write_bytes(platform.wire)
    return {"contentType": platform.content_type}


def _answer(peer: Peer, name: str, request: as4.UserMessage) -> dict[str, object]:
    payloads = [payload for payload, _ in PARTS]
    packed = as4.pack(request, payloads, pmode(encrypt=False), signing())
    answer: Answer = post(peer.url, packed)
    (VECTORS / f"{name}.xml").write_bytes(answer.body)
    return {
        "contentType": answer.content_type,
        "messageId": request.message_id,
        "sent": [
            [r.uri, r.digest_method, base64.b64encode(r.digest_value).decode()] for r in packed.references
        ],
    }


if __name__ == "__main__":
    record()
