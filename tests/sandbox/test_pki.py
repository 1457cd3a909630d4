"""The keys of the sandbox are made once, fit their use, and are nobody else's to read."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.verification import PolicyBuilder, Store

from intermediary import as4
from intermediary.sandbox import pki
from intermediary.sandbox.world import GATEWAY, PARTY_IDS, SYSTEMS, World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World(tmp_path_factory.mktemp("pki"))
    pki.make_pki(world)
    return world


def _certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_every_system_has_the_keys_it_needs_and_nobody_else_may_read_them(world: World) -> None:
    assert set(pki.NEEDS) == {*SYSTEMS, GATEWAY}
    for system, uses in pki.NEEDS.items():
        for use in uses:
            assert stat.S_IMODE(world.key(system, use).stat().st_mode) == 0o600
            certificate = _certificate(world.certificate(system, use))
            assert certificate.public_key() == pki.load_key(world.key(system, use)).public_key()
            certificate.verify_directly_issued_by(_certificate(world.authority))


def test_a_server_certificate_is_good_for_localhost(world: World) -> None:
    store = Store([_certificate(world.authority)])
    verifier = PolicyBuilder().store(store).build_server_verifier(x509.DNSName("localhost"))
    chain = verifier.verify(_certificate(world.certificate("iam", "tls-server")), [])
    assert len(chain) == 2


@pytest.mark.parametrize("system", PARTY_IDS)
def test_an_as4_certificate_is_rsa_names_the_party_and_fits_its_use(world: World, system: str) -> None:
    signing = _certificate(world.certificate(system, "as4-signing"))
    encryption = _certificate(world.certificate(system, "as4-encryption"))
    for certificate in (signing, encryption):
        assert isinstance(certificate.public_key(), rsa.RSAPublicKey)
        names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        assert [n.value for n in names] == [PARTY_IDS[system]]
    assert signing.extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature
    usage = encryption.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.key_encipherment
    assert not usage.digital_signature


@pytest.mark.parametrize("security", ["edelivery-2.0-eddsa", "edelivery-2.0-ecdsa", "edelivery-1.15"])
def test_as4_keys_follow_the_security_profile(world: World, security: str) -> None:
    """A world that moves gets new AS4 keys, and keeps all others."""
    before = world.key("platform", "token").read_bytes()
    moved = replace(world, security=security)
    pki.make_pki(moved)
    assert World.load(moved.save().parent) == moved
    made = world.key("portal", "as4-signing").read_bytes()
    pki.make_pki(moved)
    assert world.key("portal", "as4-signing").read_bytes() == made
    assert world.key("platform", "token").read_bytes() == before
    profile = as4.PROFILES[security]
    pairs = {use: (world.key("portal", use), world.certificate("portal", use)) for use in pki.NEEDS["portal"]}
    signing, encryption = (
        (key.read_bytes(), certificate.read_bytes())
        for key, certificate in (pairs["as4-signing"], pairs["as4-encryption"])
    )
    assert as4.SigningKey.from_pem(*signing).kind == profile.signing_key
    ((key,), *_) = as4.OwnKeys.from_pem(encryption).by_reference.values()
    assert key.kind == profile.encryption_key
    usage = _certificate(pairs["as4-encryption"][1]).extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.key_encipherment, usage.key_agreement) == (
        profile.encryption_key == "rsa",
        profile.encryption_key != "rsa",
    )


def test_a_token_key_is_on_curve_p256(world: World) -> None:
    key = pki.load_key(world.key("platform", "token"))
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.curve.name == "secp256r1"


def test_a_second_run_adds_what_is_missing_and_leaves_the_rest(world: World) -> None:
    kept = world.certificate("platform", "tls-server").read_bytes()
    missing = world.certificate("portal", "tls-server")
    missing.unlink()
    pki.make_pki(world)
    assert world.certificate("platform", "tls-server").read_bytes() == kept
    assert missing.exists()


def test_a_secret_is_made_once_and_private(tmp_path: Path) -> None:
    world = World(tmp_path)
    first = world.secret("oidc").read_text()
    assert len(first) > 40
    assert world.secret("oidc").read_text() == first
    assert stat.S_IMODE(world.secret("oidc").stat().st_mode) == 0o600
    assert world.secret("session").read_text() != first
