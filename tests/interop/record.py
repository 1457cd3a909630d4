"""Record what phase4 writes as vectors that need neither phase4 nor a key.

`python -m tests.interop.record PROFILE...`, a profile by its name in P-Mode files; without any, all.

Signed-only messages and signals with the certificates to verify them; private keys stay in memory.
"""

import base64
import json
import sys
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from intermediary import as4
from tests.as4 import pki
from tests.interop import parties, parties_2_0
from tests.interop.parties import PHASE4, Answer, Platform, Server, message, post
from tests.interop.parties_2_0 import key, pmode, signing
from tests.interop.peer import Peer, build
from tests.interop.vectors_of_phase4 import PARTS, VECTORS


def record(profile: as4.SecurityProfile) -> None:
    """Write all vectors of a profile anew."""
    vectors = VECTORS / profile.name
    vectors.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        peer = Peer(build(), parties_2_0.settings(folder, profile), folder)
        server = Server()
        server.platform = Platform(pmodes=(pmode(profile, encrypt=False),), url=server.url)
        described = {
            "phase4": "4.4.1",
            "recorded": parties.STARTED.isoformat(),
            "push": _push(peer, server.platform, folder, vectors),
            "receipt": _answer(peer, profile, "receipt", message()),
            "error": _answer(peer, profile, "error", message(service="OtherService")),
        }
        peer.stop()
        server.shutdown()
    (vectors / "vectors.json").write_text(json.dumps(described, indent=2) + "\n")
    (vectors / "signer.pem").write_bytes(key(PHASE4, "signing", profile).certificate)
    (vectors / "anchor.pem").write_bytes(pki.authority().public_bytes(serialization.Encoding.PEM))


def _push(peer: Peer, platform: Platform, folder: Path, vectors: Path) -> dict[str, object]:
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
    (vectors / "push.mime").write_bytes(platform.wire)
    return {"contentType": platform.content_type}


def _answer(
    peer: Peer, profile: as4.SecurityProfile, name: str, request: as4.UserMessage
) -> dict[str, object]:
    payloads = [payload for payload, _ in PARTS]
    packed = as4.pack(request, payloads, pmode(profile, encrypt=False), signing(profile))
    answer: Answer = post(peer.url, packed)
    (VECTORS / profile.name / f"{name}.xml").write_bytes(answer.body)
    return {
        "contentType": answer.content_type,
        "messageId": request.message_id,
        "sent": [
            [r.uri, r.digest_method, base64.b64encode(r.digest_value).decode()] for r in packed.references
        ],
    }


if __name__ == "__main__":
    for name in sys.argv[1:] or as4.PROFILES:
        record(as4.PROFILES[name])
