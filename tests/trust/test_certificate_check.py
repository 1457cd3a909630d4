"""Who is believed: paths to anchors, validity, policy."""

import re
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID

from intermediary import trust
from tests.as4 import pki
from tests.as4.pki import NOW, authority, leaf
from tests.trust import responder

POLICY = trust.CertificatePolicy()


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def check(
    certificate: bytes,
    *anchors: x509.Certificate,
    policy: trust.CertificatePolicy = POLICY,
    intermediates: tuple[x509.Certificate, ...] = (),
    days: int = 0,
) -> str | None:
    """The reason without the certificate that it names."""
    at = NOW + timedelta(days=days)
    found = trust.certificate_check(anchors, policy, at, intermediates)(certificate)
    return found and re.sub(r"(: its issuer.*)? \(serial [0-9A-F]+ issued by CN=.*\)$", "", found)


def test_a_certificate_issued_by_an_anchor_is_trusted() -> None:
    assert check(leaf("AP_A").der, authority("Other CA"), authority()) is None


def test_a_pinned_certificate_is_its_own_anchor() -> None:
    assert check(leaf("AP_A").der, leaf("AP_A").x509) is None


@pytest.mark.parametrize("days", [-31, 366])
def test_validity_counts_at_the_time_given(days: int) -> None:
    assert check(leaf("AP_A").der, authority(), days=days) == "expired or not yet valid"
    assert check(leaf("AP_A").der, leaf("AP_A").x509, days=days) == "expired or not yet valid"


def test_an_expired_anchor_carries_nothing() -> None:
    long_lived = leaf("AP_LONG", ends=NOW + timedelta(days=9000))
    assert check(long_lived.der, authority(), days=8000) == "an issuer is expired or not yet valid"


def test_another_authority_with_the_same_name_is_not_the_same() -> None:
    impostor = (
        x509.CertificateBuilder()
        .subject_name(authority().subject)
        .issuer_name(authority().subject)
        .public_key(pki.private_key("impostor").public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(pki.private_key("impostor"), hashes.SHA256())
    )
    assert check(leaf("AP_A").der, impostor) == "no path leads to a trust anchor"


def test_no_anchor_no_trust() -> None:
    assert check(leaf("AP_A").der) == "no path leads to a trust anchor"


def test_a_path_over_intermediates() -> None:
    middle = authority("Middle CA", "Test CA")
    member = leaf("AP_M", issuer="Middle CA")
    assert check(member.der, authority()) == "no path leads to a trust anchor"
    assert check(member.der, authority(), intermediates=(middle,)) is None
    assert check(member.der, middle) is None, "an intermediate may be an anchor itself"


def test_the_path_length_of_an_authority_is_kept() -> None:
    root = authority("Short CA", path_length=0)
    middle = authority("Under Short", "Short CA")
    assert check(leaf("AP_S", issuer="Short CA").der, root) is None
    below = leaf("AP_U", issuer="Under Short")
    assert check(below.der, root, intermediates=(middle,)) == "no path leads to a trust anchor"


def test_the_path_length_of_the_policy_is_kept() -> None:
    first, second = authority("Level 1", "Test CA"), authority("Level 2", "Level 1")
    member = leaf("AP_L2", issuer="Level 2")
    assert check(member.der, authority(), intermediates=(first, second)) is None
    narrow = trust.CertificatePolicy(max_path_length=1)
    assert check(member.der, authority(), intermediates=(first, second), policy=narrow) is not None


def test_circular_authorities_end() -> None:
    one, other = authority("Round A", "Round B"), authority("Round B", "Round A")
    member = leaf("AP_ROUND", issuer="Round A")
    assert check(member.der, authority(), intermediates=(one, other)) == "no path leads to a trust anchor"


def test_a_leaf_cannot_issue() -> None:
    forged = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "AP_FORGED")]))
        .issuer_name(leaf("AP_A").x509.subject)
        .public_key(pki.private_key("forged").public_key())
        .serial_number(7)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .sign(pki.private_key("AP_A signing"), hashes.SHA256())
    )
    found = check(der(forged), authority(), intermediates=(leaf("AP_A").x509,))
    assert found == "no path leads to a trust anchor"


def test_an_authority_does_not_sign_messages() -> None:
    middle = authority("Middle CA", "Test CA")
    assert check(der(middle), authority()) == "the certificate of an authority does not sign messages"


def test_key_usage_is_demanded_where_present() -> None:
    encryption = leaf("AP_A", "encryption")
    assert check(encryption.der, authority()) == "its key usage lacks digitalSignature"
    lenient = trust.CertificatePolicy(digital_signature=False)
    assert check(encryption.der, authority(), policy=lenient) is None


def _special(
    key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | dsa.DSAPrivateKey,
    *,
    critical: bool = False,
) -> bytes:
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "AP_SPECIAL")]))
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test CA")]))
        .public_key(key.public_key())
        .serial_number(9)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
    )
    if critical:
        unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
        builder = builder.add_extension(unknown, critical=True)
    return der(builder.sign(pki.private_key("Test CA"), hashes.SHA256()))


def test_a_critical_extension_that_nobody_understands() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    assert check(_special(key), authority()) is None
    problem = check(_special(key, critical=True), authority())
    assert problem == "it has a critical extension that is not understood (1.2.3.4)"


def test_kinds_and_strengths_of_keys() -> None:
    assert check(_special(ec.generate_private_key(ec.SECP256R1())), authority()) is None
    weak = check(_special(ec.generate_private_key(ec.SECP192R1())), authority())
    assert weak == "its key is too weak"
    only_rsa = trust.CertificatePolicy(key_types=frozenset({"rsa"}))
    refused = check(_special(ec.generate_private_key(ec.SECP256R1())), authority(), policy=only_rsa)
    assert refused == "its kind of key is not allowed"
    stricter = trust.CertificatePolicy(min_rsa_bits=3072)
    assert check(leaf("AP_A").der, authority(), policy=stricter) == "its key is too weak"
    assert check(_special(dsa.generate_private_key(2048)), authority()) == "its kind of key is not allowed"


def test_a_hash_that_the_policy_does_not_allow() -> None:
    only_512 = trust.CertificatePolicy(signature_hashes=frozenset({"sha512"}))
    assert check(leaf("AP_A").der, authority(), policy=only_512) == "it is signed with a weak hash"


@pytest.mark.parametrize("data", [b"", b"x", b"0\x82\x05\x00" + bytes(1280)])
def test_what_is_no_certificate_is_a_result_not_an_error(data: bytes) -> None:
    assert check(data, authority()) == "it cannot be read"


def test_any_flipped_byte_is_refused_without_an_error() -> None:
    whole = leaf("AP_A").der
    for at in range(0, len(whole), 7):
        damaged = whole[:at] + bytes([whole[at] ^ 0x41]) + whole[at + 1 :]
        assert check(damaged, authority()) is not None


def test_files_are_read() -> None:
    a, b = leaf("AP_A"), leaf("AP_B")
    assert trust.load_certificates(a.certificate + b.certificate) == (a.x509, b.x509)
    assert trust.load_private_key(a.key).public_key() == a.x509.public_key()


def test_files_that_are_none() -> None:
    with pytest.raises(trust.CertificateUnreadable):
        trust.load_certificates(b"no certificate")
    with pytest.raises(trust.CertificateUnreadable):
        trust.load_certificates(leaf("AP_A").key)
    with pytest.raises(trust.KeyUnreadable):
        trust.load_private_key(leaf("AP_A").certificate)
    locked = pki.private_key("locked").private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"password"),
    )
    with pytest.raises(trust.KeyUnreadable):
        trust.load_private_key(locked)


def _certificate(
    *extensions: x509.ExtensionType, subject: str = "AP_X", ca: bool = False
) -> x509.Certificate:
    return responder.certificate(subject, "Test CA", *extensions, authority=ca)


def test_an_extended_key_usage_for_something_else() -> None:
    oid = ExtendedKeyUsageOID.CODE_SIGNING
    other = der(_certificate(x509.ExtendedKeyUsage([oid])))
    assert check(other, authority()) is None, "eDelivery names none"
    wanted = trust.CertificatePolicy(extended_key_usages=frozenset({"1.3.6.1.5.5.7.3.2"}))
    assert check(other, authority(), policy=wanted) == "its extended key usage is for something else"
    assert check(leaf("AP_A").der, authority(), policy=wanted) is None


def test_a_certificate_that_does_not_say_what_it_is_for() -> None:
    silent = der(_certificate())
    assert check(silent, authority()) is None
    strict = trust.CertificatePolicy(demand_key_usage=True)
    assert check(silent, authority(), policy=strict) == "it has no key usage"


def test_name_constraints_are_refused_since_nobody_evaluates_them() -> None:
    only = x509.NameConstraints([x509.DNSName("it.example")], None)
    middle = _certificate(only, subject="Narrow CA", ca=True)
    member = responder.certificate("AP_N", "Narrow CA")
    assert check(der(member), authority(), intermediates=(middle,)) == "no path leads to a trust anchor"
    assert check(der(member), middle) == "no path leads to a trust anchor"


def test_what_is_too_large_is_not_read() -> None:
    small = trust.CertificatePolicy(max_certificate_bytes=100)
    assert check(leaf("AP_A").der, authority(), policy=small) == "it has too many bytes for a certificate"


def test_a_chain_may_be_sent_along() -> None:
    middle = authority("Middle CA", "Test CA")
    member = leaf("AP_M", issuer="Middle CA")
    found = trust.certificate_check([authority()], POLICY, NOW)
    assert found(member.der, [der(middle)]) is None
    assert found(member.der, [b"nonsense", der(middle)]) is None
    assert "its issuer is not known" in (found(member.der, [der(authority("Other CA"))]) or "")


def test_the_reason_names_serial_and_issuer_in_one_printable_line() -> None:
    odd = responder.certificate("AP_ODD", "CA\nforged log line")
    reason = trust.certificate_check([authority()], POLICY, NOW)(der(odd)) or ""
    assert f"serial {odd.serial_number:X} issued by CN=CA" in reason
    assert reason.isprintable()
