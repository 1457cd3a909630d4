"""Our own keys: PEM and PKCS#12 with and without pass phrase, chosen by date while certificates overlap."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from intermediary import as4, trust
from intermediary.as4.security import EDELIVERY_1_15
from tests.as4 import parties, pki
from tests.as4.parties import EDM, PDF, PLATFORM, PORTAL, REQUEST
from tests.as4.pki import NOW, authority, leaf

DAY = timedelta(days=1)
PHRASE = b"open sesame"


def written(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def pem(folder: Path, pair: pki.Leaf) -> trust.KeyMaterial:
    certificate, key = written(folder, "c.pem", pair.certificate), written(folder, "k.pem", pair.key)
    return trust.open_key(trust.PemFiles(certificate, key))


def locked_pem(folder: Path, pair: pki.Leaf) -> trust.KeyMaterial:
    key = trust.load_private_key(pair.key)
    data = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PHRASE))
    certificate = written(folder, "c.pem", pair.certificate)
    phrase = written(folder, "phrase", PHRASE + b"\n")
    return trust.open_key(trust.PemFiles(certificate, written(folder, "k.pem", data), phrase))


def packed(pair: pki.Leaf, phrase: bytes | None) -> bytes:
    protection = BestAvailableEncryption(phrase) if phrase else NoEncryption()
    key = trust.load_private_key(pair.key)
    assert not isinstance(key, X25519PrivateKey)
    return pkcs12.serialize_key_and_certificates(b"key", key, pair.x509, [authority()], protection)


def p12(folder: Path, pair: pki.Leaf) -> trust.KeyMaterial:
    file, phrase = written(folder, "k.p12", packed(pair, PHRASE)), written(folder, "phrase", PHRASE)
    return trust.open_key(trust.Pkcs12File(file, phrase))


def open_p12(folder: Path, pair: pki.Leaf) -> trust.KeyMaterial:
    return trust.open_key(trust.Pkcs12File(written(folder, "k.p12", packed(pair, None))))


@pytest.mark.parametrize("form", [pem, locked_pem, p12, open_p12])
def test_as4_there_and_back_with_keys_of_every_form(tmp_path: Path, form: object) -> None:
    assert callable(form)
    signing = trust.DatedSigningKeys([form(tmp_path, leaf(PORTAL.id))], lambda: NOW)
    keys = trust.decryption_keys([form(tmp_path, leaf(PLATFORM.id, "encryption"))], lambda: NOW, DAY)
    sent = as4.pack(REQUEST, (EDM, PDF), parties.pmode(), signing)
    received = as4.unpack(
        sent.content_type, sent.body, (parties.receiving(),), keys, parties.CHECK, NOW, as4.Limits()
    ).received
    assert len(received.payloads) == 2
    assert received.signer == leaf(PORTAL.id).der


def test_the_chain_of_a_pkcs12_file_is_kept(tmp_path: Path) -> None:
    assert p12(tmp_path, leaf("AP_A")).chain == (authority(),)


def test_what_does_not_open_names_the_file_and_never_the_phrase(tmp_path: Path) -> None:
    file = written(tmp_path, "k.p12", packed(leaf("AP_A"), PHRASE))
    wrong = written(tmp_path, "phrase", b"wrong words")
    for source in (trust.Pkcs12File(file, wrong), trust.Pkcs12File(file), trust.Pkcs12File(wrong)):
        with pytest.raises(trust.KeyUnreadable) as error:
            trust.open_key(source)
        assert str(source.file) in str(error.value)
        assert "wrong words" not in str(error.value)
    with pytest.raises(trust.KeyUnreadable, match=r"none\.p12: No such file"):
        trust.open_key(trust.Pkcs12File(tmp_path / "none.p12"))
    certificate = written(tmp_path, "c.pem", leaf("AP_A").certificate)
    with pytest.raises(trust.KeyUnreadable, match="name no pass phrase"):
        trust.open_key(trust.PemFiles(certificate, written(tmp_path, "k.pem", leaf("AP_A").key), wrong))
    with pytest.raises(as4.KeyUnusable, match="does not belong"):
        trust.open_key(
            trust.PemFiles(certificate, written(tmp_path, "o.pem", leaf("AP_OTHER").key))
        ).signing()


def _overlapping(tmp_path: Path) -> tuple[pki.Leaf, pki.Leaf, list[trust.KeyMaterial]]:
    old = leaf("AP_A", starts=NOW - 300 * DAY, ends=NOW + 20 * DAY)
    new = leaf("AP_A", starts=NOW + 10 * DAY, ends=NOW + 400 * DAY)
    return old, new, [pem(tmp_path, one) for one in (old, new)]


@pytest.mark.parametrize(
    ("days", "newer"), [(0, False), (9, False), (10, True), (15, True), (30, True), (999, True)]
)
def test_the_newest_valid_certificate_signs(tmp_path: Path, days: int, newer: bool) -> None:
    old, new, materials = _overlapping(tmp_path)
    keys = trust.DatedSigningKeys(materials, lambda: NOW + days * DAY)
    expected = new.der if newer else old.der
    assert keys.of_profile(EDELIVERY_1_15).certificate == expected
    assert keys.of_profile(None).certificate == expected


def test_a_kind_of_key_that_is_not_there(tmp_path: Path) -> None:
    keys = trust.DatedSigningKeys([pem(tmp_path, leaf("AP_A"))], lambda: NOW)
    with pytest.raises(as4.KeyUnusable, match="no ed25519 key"):
        keys.of_profile(as4.PROFILES["edelivery-2.0-eddsa"])


@pytest.mark.parametrize(("days", "readable"), [(0, True), (365, True), (394, True), (396, False)])
def test_an_old_decryption_key_is_used_until_the_grace_is_over(
    tmp_path: Path, days: int, readable: bool
) -> None:
    at = NOW
    keys = trust.decryption_keys(
        [pem(tmp_path, leaf(PLATFORM.id, "encryption"))], lambda: at, timedelta(days=30)
    )
    sent = parties.send(EDM)
    at = NOW + days * DAY

    def receive(now: datetime) -> as4.Unpacked:
        return as4.unpack(
            sent.content_type, sent.body, (parties.receiving(),), keys, parties.CHECK, now, as4.Limits()
        )

    if readable:
        assert receive(NOW).received.payloads
    else:
        with pytest.raises(as4.As4Refused) as refused:
            receive(NOW)
        assert refused.value.error.code is as4.EbmsErrorCode.FAILED_DECRYPTION


@pytest.mark.parametrize(("days", "newer"), [(0, False), (12, True), (30, True)])
def test_a_partner_gets_what_its_newest_valid_certificate_opens(days: int, newer: bool) -> None:
    old = leaf(PLATFORM.id, "encryption", ends=NOW + 20 * DAY)
    new = leaf("AP_RENEWED", "encryption", starts=NOW + 10 * DAY, ends=NOW + 400 * DAY)
    both = old.certificate + new.certificate
    message = replace(REQUEST, timestamp=NOW + days * DAY)
    sent = parties.send(EDM, message=message, partner_encryption_certificate=both)
    opens, not_for = (new, old) if newer else (old, new)
    for pair, readable in ((opens, True), (not_for, False)):
        keys = as4.OwnKeys.from_pem(pair)
        try:
            as4.unpack(
                sent.content_type, sent.body, (parties.receiving(),), keys, parties.CHECK, NOW, as4.Limits()
            )
            found = True
        except as4.As4Refused:
            found = False
        assert found is readable


def test_nothing_is_encrypted_for_certificates_that_have_ended() -> None:
    ended = leaf(PLATFORM.id, "encryption", ends=NOW - DAY)
    with pytest.raises(as4.CannotPack, match="No encryption certificate of the partner is valid now"):
        parties.send(EDM, partner_encryption_certificate=ended.certificate)


def test_the_list_says_what_is_to_be_done() -> None:
    def held(owner: str, purpose: str, days: int, starts: int = -30) -> trust.Held:
        one = leaf(f"{owner} {purpose}", starts=NOW + starts * DAY, ends=NOW + days * DAY + DAY / 2)
        return trust.Held(owner, purpose, "file", one.x509)

    rows = [
        held("us", "AS4 signing", 6),
        held("us", "AS4 signing", 400, starts=10),
        held("partner it", "AS4 signing", 13),
        held("partner it", "AS4 encryption", 5),
        held("partner it", "AS4 encryption", 300, starts=-1),
        held("partner fr", "AS4 signing", 29),
        held("partner fr", "AS4 encryption", 59),
        held("us", "TLS server", 89),
        held("national", "trust anchor", -1),
        held("national", "trust anchor", 900),
        trust.Held("us", "token client", "key.pem", None),
    ]
    found = [(e.owner, e.purpose, e.alarm, e.urgent) for e in trust.inventory(rows, NOW)]
    assert found == [
        ("national", "trust anchor", "expired", True),
        ("us", "AS4 signing", "7 days", True),
        ("partner it", "AS4 signing", "14 days", False),
        ("partner fr", "AS4 signing", "30 days", False),
        ("partner fr", "AS4 encryption", "60 days", False),
        ("us", "TLS server", "90 days", False),
        ("partner it", "AS4 encryption", "", False),
        ("us", "AS4 signing", "not yet valid", False),
        ("national", "trust anchor", "", False),
        ("us", "token client", "", False),
        ("partner it", "AS4 encryption", "replaced", False),
    ]
