"""The linter of P-Modes: what a file should not say, although it can be read."""

from datetime import timedelta
from pathlib import Path

import pytest

from intermediary.transport.as4 import lint_partners
from tests.as4 import pki
from tests.as4.pki import NOW

GOOD = """
id: it
us: {id: IP_DE, type: urn:type}
partner: {id: AP_IT, type: urn:type}
url: https://ap.example.it/as4
signing_certificates: [signing.pem]
encryption_certificate: encryption.pem
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One file without any fault, and its certificates."""
    (tmp_path / "signing.pem").write_bytes(pki.leaf("AP_IT").certificate)
    (tmp_path / "encryption.pem").write_bytes(pki.leaf("AP_IT", "encryption").certificate)
    (tmp_path / "it.yaml").write_text(GOOD)
    return tmp_path


def found(folder: Path, **arguments: bool) -> list[tuple[str, str]]:
    """Severity and text of each finding."""
    return [(f.severity, f"{f.place}: {f.text}") for f in lint_partners(folder, NOW, **arguments)]


def test_a_good_file_has_no_findings(folder: Path) -> None:
    assert found(folder) == []


@pytest.mark.parametrize(
    ("old", "new", "severity", "text"),
    [
        ("url: https:", "url: http:", "warning", "it: url: is not encrypted by TLS"),
        ("id: it", "id: it\nencrypt: false", "warning", "it: encrypt: is switched off"),
        ("id: it", "id: it\nsign: false", "warning", "it: sign: is switched off"),
        ("us: {id: IP_DE, type: urn:type}", "us: {id: IP_DE}", "warning", "it: us: the party id has no type"),
        ("type: urn:type}\nurl", "type: urn:type, role: x}\nurl", "warning", "it: partner: the role is not"),
        ("signing_certificates: [signing.pem]", "", "warning", "it: signing_certificates: none is pinned"),
        ("id: it", "id: it\nsecurity: edelivery-2.0-eddsa", "error", "another kind than ed25519"),
        ("id: it", "id: it\nsecurity: edelivery-2.0-eddsa", "error", "another kind than x25519"),
        ("id: it", "id: it\nunknown: 1", "error", "it.yaml: unknown"),
        ("signing.pem", "it.yaml", "error", "is no PEM certificate"),
    ],
)
def test_a_fault_is_told_with_its_place(folder: Path, old: str, new: str, severity: str, text: str) -> None:
    (folder / "it.yaml").write_text(GOOD.replace(old, new, 1))
    assert any(told == severity and text in where for told, where in found(folder)), found(folder)


@pytest.mark.parametrize(
    ("starts", "ends", "texts"),
    [
        (-60, -1, ["has ended", "no certificate is valid any more"]),
        (-60, 10, ["ends on"]),
        (5, 300, ["begins on"]),
    ],
)
def test_certificates_are_watched(folder: Path, starts: int, ends: int, texts: list[str]) -> None:
    leaf = pki.leaf("AP_IT", starts=NOW + timedelta(days=starts), ends=NOW + timedelta(days=ends))
    (folder / "signing.pem").write_bytes(leaf.certificate)
    told = [text for _severity, text in found(folder)]
    assert len(told) == len(texts)
    assert all(text in line for text, line in zip(texts, told, strict=True))


def test_two_p_modes_that_match_the_same_message_are_an_error(folder: Path) -> None:
    (folder / "second.yaml").write_text(GOOD.replace("id: it", "id: second"))
    assert ("error", "second: the same parties, service and agreement as it") in found(folder)
    (folder / "second.yaml").write_text(GOOD.replace("id: it", "id: second\nagreement: urn:other"))
    assert found(folder) == []


def test_behind_a_gateway_only_names_count(folder: Path) -> None:
    (folder / "it.yaml").write_text(GOOD.partition("url:")[0])
    assert found(folder, gateway=True) == []
    assert [severity for severity, _ in found(folder)] == ["error"]


def test_an_empty_folder_is_doubtful(tmp_path: Path) -> None:
    assert found(tmp_path) == [("warning", f"{tmp_path}: no partner")]
