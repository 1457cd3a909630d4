"""P-Modes as files: what a partner's file says, and how a wrong one is told."""

from pathlib import Path

import pytest

from intermediary import as4
from intermediary.transport.as4 import PModeInvalid, load_partners

GOOD = """
id: it
us: {id: IP_DE, type: urn:type}
partner: {id: AP_IT, type: urn:type}
url: https://ap.example.it/as4
signing_certificates: [signing.pem]
encryption_certificate: encryption.pem
return_hosts: [Portal.Example.it]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one good file and its certificates."""
    (tmp_path / "signing.pem").write_bytes(b"signing")
    (tmp_path / "encryption.pem").write_bytes(b"encryption")
    (tmp_path / "it.yaml").write_text(GOOD)
    return tmp_path


def test_a_partner_is_read_with_its_certificates(folder: Path) -> None:
    (partner,) = load_partners(folder)
    pmode = partner.pmode
    assert (pmode.id, pmode.us.id, pmode.partner.id) == ("it", "IP_DE", "AP_IT")
    assert pmode.partner_signing_certificates == (b"signing",)
    assert pmode.partner_encryption_certificate == b"encryption"
    assert partner.return_hosts == ("portal.example.it",)
    assert pmode.sign
    assert pmode.encrypt
    assert pmode.compress


@pytest.mark.parametrize("name", as4.PROFILES)
def test_the_security_profile_by_its_name(folder: Path, name: str) -> None:
    assert load_partners(folder)[0].pmode.security is as4.EDELIVERY_1_15
    (folder / "it.yaml").write_text(f"{GOOD}security: {name}\n")
    assert load_partners(folder)[0].pmode.security is as4.PROFILES[name]


def test_several_encryption_certificates_overlap(folder: Path) -> None:
    (folder / "next.pem").write_bytes(b"next")
    both = "encryption_certificates: [encryption.pem, next.pem]"
    (folder / "it.yaml").write_text(GOOD.replace("encryption_certificate: encryption.pem", both))
    (partner,) = load_partners(folder)
    assert partner.pmode.partner_encryption_certificate == b"encryption\nnext"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("id: it", "id: ''", "it.yaml: id:"),
        ("url: https://ap.example.it/as4", "url: ftp://x", "it.yaml: url:"),
        ("us: {id: IP_DE, type: urn:type}", "us: {name: x}", "it.yaml: us.id:"),
        ("return_hosts", "return_host", "it.yaml: return_host:"),
        ("[signing.pem]", "[missing.pem]", "missing.pem"),
        ("encryption_certificate: encryption.pem", "", "encryption_certificate: missing"),
        ("id: it", "id: [", "it.yaml: not YAML"),
        ("id: it", "id: 7", "it.yaml: id:"),
        ("id: it", "id: it\nsecurity: edelivery-2.0", "it.yaml: security:"),
    ],
)
def test_a_wrong_file_is_told_by_file_and_field(folder: Path, old: str, new: str, told: str) -> None:
    (folder / "it.yaml").write_text(GOOD.replace(old, new))
    with pytest.raises(PModeInvalid, match=told.replace("[", r"\[")):
        load_partners(folder)


def test_all_findings_are_told_at_once_and_ids_are_unique(folder: Path) -> None:
    (folder / "second.yaml").write_text(GOOD)
    (folder / "third.yaml").write_text(GOOD.replace("https://", "ftp://"))
    with pytest.raises(PModeInvalid) as invalid:
        load_partners(folder)
    assert "second.yaml: id: it is used by another file" in str(invalid.value)
    assert "third.yaml: url:" in str(invalid.value)
