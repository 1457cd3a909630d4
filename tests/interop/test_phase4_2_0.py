"""Both directions against phase4 4.4.1 (WSS4J 4.0.1), eDelivery AS4 2.0: EdDSA and ECDSA profile.

What is the same in 1.15 (header, parts, compression, sizes, duplicates) is tested in test_phase4.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from intermediary import as4
from intermediary.as4 import EbmsErrorCode
from intermediary.as4 import vocabulary as v
from intermediary.content import InMemory
from tests.interop import parties, parties_2_0
from tests.interop.parties import PHASE4, PLATFORM, Platform, message, post
from tests.interop.parties_2_0 import key, pmode, signing
from tests.interop.peer import Peer, Unavailable, build
from tests.interop.test_phase4 import (
    EDM,
    FIVE,
    PDF,
    REFERENCES,
    TAMPERED,
    accepted,
    codes,
    refused,
    sends,
)

pytestmark = pytest.mark.xdist_group("phase4")

EDDSA, ECDSA = as4.EDELIVERY_2_0_EDDSA, as4.EDELIVERY_2_0_ECDSA


@pytest.fixture(scope="module", params=(EDDSA, ECDSA), ids=lambda profile: str(profile.name))
def profile(request: pytest.FixtureRequest) -> as4.SecurityProfile:
    """The profile under test."""
    assert isinstance(request.param, as4.SecurityProfile)
    return request.param


@pytest.fixture(scope="module")
def phase4(profile: as4.SecurityProfile, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """A phase4 that was moved to the profile."""
    folder = tmp_path_factory.mktemp(profile.name)
    try:
        peer = Peer(build(), parties_2_0.settings(folder, profile), folder)
    except Unavailable as missing:
        pytest.skip(f"INTEROPERABILITY WITH PHASE4 WAS NOT TESTED: {missing}")
    yield peer
    peer.stop()


@pytest.fixture
def moved(platform: Platform, profile: as4.SecurityProfile) -> Platform:
    """Our side, with the keys of all profiles; this partner moved to the profile."""
    platform.pmodes = (pmode(profile),)
    return platform


# ---- phase4 sends to us


@pytest.mark.parametrize("encrypt", [True, False], ids=["encrypted", "signed only"])
@pytest.mark.parametrize("payloads", [(EDM,), FIVE, ()], ids=["edm", "5", "none"])
def test_phase4_sends_and_accepts_our_receipt(
    phase4: Peer,
    moved: Platform,
    tmp_path: Path,
    profile: as4.SecurityProfile,
    payloads: tuple[as4.Payload, ...],
    encrypt: bool,
) -> None:
    moved.pmodes = (pmode(profile, encrypt=encrypt),)
    outcome = sends(phase4, moved, tmp_path, *payloads, encrypt=encrypt)
    assert accepted(outcome), outcome
    assert moved.received.payloads == payloads
    assert moved.received.signer == key(PHASE4, "signing", profile).der


def test_what_phase4_writes(
    phase4: Peer, moved: Platform, tmp_path: Path, profile: as4.SecurityProfile
) -> None:
    """Settles digest edelivery-as4 §6: names, namespaces, order, and that KeyLength counts bytes."""
    sends(phase4, moved, tmp_path, EDM)
    found = re.search(rb"<xenc:AgreementMethod.*?</xenc:AgreementMethod>", moved.wire, re.DOTALL)
    assert found
    written = found[0].decode()
    assert f'Algorithm="{v.HKDF}"' in written
    assert f'Algorithm="{profile.agreement}"' in written
    tags = re.findall(r"<([\w-]+:\w+)", written)
    head = ["xenc:AgreementMethod", "xenc11:KeyDerivationMethod"]
    assert [tags[0], tags[1]] == head
    names = [tag.split(":")[1] for tag in tags[2:]]
    assert names[:4] == ["HKDFParams", "PRF", "Salt", "KeyLength"]
    assert re.search(r"KeyLength>16<", written)
    originator = (
        ["DEREncodedKeyValue"] if profile is EDDSA else ["KeyValue", "ECKeyValue", "NamedCurve", "PublicKey"]
    )
    assert names[4:] == [
        "OriginatorKeyInfo",
        *originator,
        "RecipientKeyInfo",
        "SecurityTokenReference",
        "Reference",
    ]


@pytest.mark.parametrize("reference", [*REFERENCES, "x509-ski-key-id"])
def test_phase4_names_our_encryption_certificate(
    phase4: Peer, moved: Platform, tmp_path: Path, reference: str
) -> None:
    assert accepted(sends(phase4, moved, tmp_path, EDM, PDF, encryptionReference=reference))
    assert moved.received.payloads == (EDM, PDF)


def test_phase4_derives_with_concat_kdf(
    phase4: Peer, moved: Platform, tmp_path: Path, profile: as4.SecurityProfile
) -> None:
    outcome = sends(phase4, moved, tmp_path, EDM, derivation="CONCAT_KDF")
    if profile is ECDSA:
        assert accepted(outcome), outcome
        assert moved.received.payloads == (EDM,)
    else:
        assert codes(outcome) == ["EBMS:0103"]


def test_phase4_is_still_on_the_other_profile(
    phase4: Peer, moved: Platform, tmp_path: Path, profile: as4.SecurityProfile
) -> None:
    """Only this partner's P-Mode counts: a signature or a key of another profile is refused."""
    other = ECDSA if profile is EDDSA else EDDSA
    stranger = tmp_path / "other.pem"
    pair = key(PHASE4, "signing", other)
    stranger.write_bytes(pair.certificate + pair.key)
    (tmp_path / "recipient.pem").write_bytes(key(PLATFORM, "encryption", other).certificate)
    outcome = sends(
        phase4,
        moved,
        tmp_path,
        EDM,
        profile=other.name,
        signing=str(stranger),
        recipient=str(tmp_path / "recipient.pem"),
    )
    assert codes(outcome) == ["EBMS:0103"], outcome


def test_phase4_signs_with_a_foreign_certificate(
    phase4: Peer, moved: Platform, tmp_path: Path, profile: as4.SecurityProfile
) -> None:
    pair = key(PHASE4, "signing", profile, "Strange CA")
    (tmp_path / "stranger.pem").write_bytes(pair.certificate + pair.key)
    outcome = sends(phase4, moved, tmp_path, EDM, signing=str(tmp_path / "stranger.pem"))
    assert codes(outcome) == ["EBMS:0101"]


def test_phase4_encrypts_for_another_certificate(
    phase4: Peer, moved: Platform, tmp_path: Path, profile: as4.SecurityProfile
) -> None:
    other = key(as4.Party("AP_OTHER"), "encryption", profile).certificate
    (tmp_path / "other.pem").write_bytes(other)
    outcome = sends(phase4, moved, tmp_path, EDM, recipient=str(tmp_path / "other.pem"))
    assert codes(outcome) == ["EBMS:0102"]


@pytest.mark.parametrize("step", ["sign", "encrypt"])
def test_phase4_leaves_out_a_step(phase4: Peer, moved: Platform, tmp_path: Path, step: str) -> None:
    assert codes(sends(phase4, moved, tmp_path, EDM, **{step: False})) == ["EBMS:0103"]


@pytest.mark.parametrize("place", TAMPERED)
def test_tampered_on_the_way_to_us(
    phase4: Peer, moved: Platform, tmp_path: Path, profile: as4.SecurityProfile, place: str
) -> None:
    bend, encrypt, code = TAMPERED[place]
    moved.bend, moved.pmodes = bend, (pmode(profile, encrypt=encrypt),)
    assert codes(sends(phase4, moved, tmp_path, PDF, encrypt=encrypt)) == [code]
    assert moved.unpacked is None


def test_phase4_refuses_a_receipt_signed_by_a_stranger(
    phase4: Peer, moved: Platform, tmp_path: Path, profile: as4.SecurityProfile
) -> None:
    moved.acknowledge = lambda received: as4.pack_receipt(
        received, f"{uuid4()}@platform.example", datetime.now(UTC), signing(profile, "Strange CA")
    )
    outcome = sends(phase4, moved, tmp_path, EDM)
    assert outcome["result"] != "success", outcome


# ---- we send to phase4


def pushed(
    phase4: Peer,
    profile: as4.SecurityProfile,
    *payloads: as4.Payload,
    request: as4.UserMessage | None = None,
    signer: as4.SigningKey | None = None,
    **changes: object,
) -> as4.Receipt | as4.ErrorSignal:
    """Send to phase4; what we read from its answer, which must be signed by the profile."""
    request = request or message()
    packed = as4.pack(request, payloads, pmode(profile, **changes), signer or signing(profile))
    answer = post(phase4.url, packed)
    return as4.read_signal(
        answer.content_type, answer.body, packed, request.message_id, pmode(profile), parties.check
    )


@pytest.mark.parametrize("encrypt", [True, False], ids=["encrypted", "signed only"])
@pytest.mark.parametrize("payloads", [(EDM,), FIVE, ()], ids=["edm", "5", "none"])
def test_phase4_receives_and_we_accept_its_receipt(
    phase4: Peer, profile: as4.SecurityProfile, payloads: tuple[as4.Payload, ...], encrypt: bool
) -> None:
    request = message()
    signal = pushed(phase4, profile, *payloads, request=request, encrypt=encrypt)
    assert isinstance(signal, as4.Receipt), signal
    header, contents = phase4.received(request.message_id)
    assert (header["signed"], header["decrypted"]) == (True, encrypt and bool(payloads))
    assert contents == [payload.content for payload in payloads]


def test_our_certificate_is_not_trusted_by_phase4(phase4: Peer, profile: as4.SecurityProfile) -> None:
    signal = pushed(phase4, profile, EDM, signer=signing(profile, "Strange CA"))
    # WSS4J does not tell phase4 which step failed, so it says FailedDecryption for everything.
    assert refused(signal) == [EbmsErrorCode.FAILED_DECRYPTION]


def test_encrypted_for_another_certificate(phase4: Peer, profile: as4.SecurityProfile) -> None:
    other = key(as4.Party("AP_OTHER"), "encryption", profile).certificate
    signal = pushed(phase4, profile, EDM, partner_encryption_certificate=other)
    assert refused(signal) == [EbmsErrorCode.FAILED_DECRYPTION]


@pytest.mark.parametrize("place", TAMPERED)
def test_tampered_on_the_way_to_phase4(phase4: Peer, profile: as4.SecurityProfile, place: str) -> None:
    bend, encrypt, _ = TAMPERED[place]
    request = message()
    packed = as4.pack(request, (PDF,), pmode(profile, encrypt=encrypt), signing(profile))
    answer = post(phase4.url, replace(packed, content=InMemory(bend(packed.body))))
    signal = as4.read_signal(
        answer.content_type, answer.body, packed, request.message_id, pmode(profile), parties.check
    )
    assert refused(signal) == [EbmsErrorCode.FAILED_DECRYPTION]
    assert not (phase4.inbox / request.message_id).exists()
