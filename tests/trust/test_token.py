"""Keys in real PKCS#11 tokens: AS4 there and back, many threads, loss, and every refusal with its remedy."""

import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from intermediary import as4, trust
from intermediary.as4.keys import certificate_of_der
from intermediary.trust import token as token_module
from tests.as4 import parties, pki
from tests.as4.parties import EDM, PDF, PORTAL, REQUEST
from tests.as4.pki import NOW
from tests.trust import tokens

pytestmark = [
    pytest.mark.xdist_group("tokens"),
    # python-pkcs11 complains where a search ends together with its lost session.
    pytest.mark.filterwarnings(
        "ignore:Exception ignored in. 'pkcs11:pytest.PytestUnraisableExceptionWarning"
    ),
]
DATA = b"what is signed"


@pytest.fixture(scope="session")
def hsm(tmp_path_factory: pytest.TempPathFactory) -> trust.TokenPlace:
    return tokens.softhsm(tmp_path_factory.mktemp("softhsm"))


@pytest.fixture(scope="session")
def signing(hsm: trust.TokenPlace) -> x509.Certificate:
    return tokens.make_key(hsm, PORTAL.id)


@pytest.fixture
def place(hsm: trust.TokenPlace, signing: x509.Certificate) -> Iterator[trust.TokenPlace]:
    yield replace(hsm, key_label=PORTAL.id)
    token_module._sessions.clear()


def verifies(certificate: x509.Certificate, signature: bytes) -> bool:
    return certificate_of_der(certificate.public_bytes(Encoding.DER)).verifies(signature, DATA)


def material(place: trust.TokenPlace, certificate: Path | None = None) -> trust.KeyMaterial:
    return trust.open_key(trust.TokenSource(place, certificate))


def test_as4_signs_with_the_key_in_the_token(place: trust.TokenPlace, signing: x509.Certificate) -> None:
    keys = trust.DatedSigningKeys([material(place)], lambda: NOW)
    sent = as4.pack(REQUEST, (EDM, PDF), parties.pmode(), keys)
    pinned = parties.receiving(partner_signing_certificates=(signing.public_bytes(Encoding.PEM),))
    unpacked = parties.receive(sent, pinned)
    assert [one.content_id for one in unpacked.received.payloads] == [EDM.content_id, PDF.content_id]
    assert unpacked.received.signer == signing.public_bytes(Encoding.DER)


def test_as4_decrypts_with_the_key_in_the_token(tmp_path_factory: pytest.TempPathFactory) -> None:
    place = tokens.nss(tmp_path_factory.mktemp("nss"))
    certificate = tokens.make_key(place, "encryption")
    keys = trust.decryption_keys([material(replace(place, key_label="encryption"))], lambda: NOW, timedelta())
    sent = parties.send(EDM, PDF, partner_encryption_certificate=certificate.public_bytes(Encoding.PEM))
    unpacked = as4.unpack(
        sent.content_type, sent.body, (parties.receiving(),), keys, parties.CHECK, NOW, as4.Limits()
    )
    assert len(unpacked.received.payloads) == 2
    other = parties.send(EDM)
    with pytest.raises(as4.As4Refused) as refused:
        as4.unpack(
            other.content_type, other.body, (parties.receiving(),), keys, parties.CHECK, NOW, as4.Limits()
        )
    assert "not ours" in refused.value.reason
    key = material(replace(place, key_label="encryption")).key
    assert isinstance(key, token_module.TokenKey)
    with pytest.raises(ValueError, match="does not unwrap"):
        key.unwrap(b"\x01" * 256)


def test_a_token_that_knows_only_oaep_with_sha_1_is_refused_at_start(hsm: trust.TokenPlace) -> None:
    tokens.make_key(hsm, "encryption", number=2)
    with pytest.raises(trust.TokenUnusable, match="SHA-1 only"):
        material(replace(hsm, key_label="encryption")).decryption()


def test_an_elliptic_key_signs_too(place: trust.TokenPlace) -> None:
    certificate = tokens.make_key(place, "elliptic", "ec", number=3)
    key = material(replace(place, key_label="elliptic")).signing()
    assert key.kind == "secp256r1"
    assert verifies(certificate, key.sign(DATA))
    with pytest.raises(trust.TokenUnusable, match="must be an RSA key to decrypt"):
        material(replace(place, key_label="elliptic")).decryption()


def test_a_key_is_found_by_its_id(place: trust.TokenPlace, signing: x509.Certificate) -> None:
    found = material(replace(place, key_label=None, key_id="01"))
    assert found.certificate == signing
    assert verifies(signing, found.signing().sign(DATA))


def test_many_threads_share_the_key(place: trust.TokenPlace, signing: x509.Certificate) -> None:
    key, good = material(place).signing(), list[bool]()

    def work() -> None:
        good.extend(verifies(signing, key.sign(DATA)) for _ in range(10))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert good == [True] * 80


def test_a_lost_session_is_opened_again(place: trust.TokenPlace, signing: x509.Certificate) -> None:
    import pkcs11

    key = material(place).signing()
    token_module._session(place)._session.close()
    assert verifies(signing, key.sign(DATA))
    pkcs11.lib(str(place.module)).reinitialize()
    assert verifies(signing, key.sign(DATA))


def test_a_token_that_is_gone_is_told_and_comes_back(
    place: trust.TokenPlace, signing: x509.Certificate
) -> None:
    import pkcs11

    key = material(place).signing()
    folder = place.pin_file.parent / "tokens"
    folder.rename(folder.with_name("gone"))
    folder.mkdir()
    try:
        pkcs11.lib(str(place.module)).reinitialize()
        with pytest.raises(trust.TokenUnusable, match="cannot be opened"):
            key.sign(DATA)
    finally:
        folder.rmdir()
        folder.with_name("gone").rename(folder)
    assert verifies(signing, key.sign(DATA))


def test_a_wrong_pin_is_tried_once(place: trust.TokenPlace) -> None:
    import pkcs11

    pkcs11.lib(str(place.module)).reinitialize()
    token_module._sessions.clear()
    wrong = replace(place, pin_file=tokens.pin_file(place.pin_file.parent, "0000"))
    with pytest.raises(trust.TokenUnusable, match="does not open token «platform»; it was tried once"):
        material(wrong)
    with pytest.raises(trust.TokenUnusable, match="not tried again"):
        material(wrong)


def test_what_is_not_there_is_named(place: trust.TokenPlace, tmp_path: Path) -> None:
    with pytest.raises(trust.TokenUnusable, match="Key «nobody» of token «platform» is not there"):
        material(replace(place, key_label="nobody"))
    with pytest.raises(trust.TokenUnusable, match=r"Token «elsewhere» of .* cannot be opened"):
        material(replace(place, token_label="elsewhere"))
    with pytest.raises(trust.TokenUnusable, match="cannot be loaded"):
        material(replace(place, module=tmp_path / "none.so"))
    with pytest.raises(trust.TokenUnusable, match=r"PIN file .* cannot be read"):
        material(replace(place, pin_file=tmp_path / "none"))
    tokens.make_key(place, "bare", number=4, stored=False)
    with pytest.raises(trust.TokenUnusable, match="has 0 certificates beside it"):
        material(replace(place, key_label="bare"))


def test_a_certificate_of_another_key_is_refused(place: trust.TokenPlace, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(pki.leaf("AP_OTHER").certificate)
    with pytest.raises(trust.TokenUnusable, match="does not belong to the certificate"):
        material(place, other).signing()


def test_a_missing_library_is_told_with_its_remedy(
    place: trust.TokenPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    with pytest.raises(trust.TokenUnusable, match=r"pip install 'intermediary\[pkcs11\]'"):
        material(place)
