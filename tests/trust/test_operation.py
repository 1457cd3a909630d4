"""Settings, command line and the wire: what operators say and see, and what partners never see."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import ValidationError
from typer.testing import CliRunner

from intermediary import as4, trust
from intermediary.app import now
from intermediary.cli import app
from intermediary.exchange import SettingsInvalid
from intermediary.key_settings import KeyGroup, TrustGroup
from intermediary.keyring import open_as4_keys, open_trust
from intermediary.sandbox.pki import make_pki
from intermediary.sandbox.platform_files import write_platform_files
from intermediary.sandbox.world import World
from intermediary.settings import load_settings
from intermediary.transport.as4 import load_partners
from intermediary.transport.revocation import HttpFetch
from tests.as4 import parties, pki
from tests.as4.pki import NOW
from tests.trust.responder import Authority, addresses, certificate, serving

CLI = CliRunner()


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """The settings of a sandbox platform, named by the environment."""
    world = World(tmp_path)
    make_pki(world)
    world.secret("oidc")
    write_platform_files(world)
    monkeypatch.setenv("INTERMEDIARY_SETTINGS", str(settings_file(world)))
    return world


def settings_file(world: World) -> Path:
    return world.data("platform") / "platform.toml"


@pytest.fixture
def authority() -> Iterator[Authority]:
    with serving() as running:
        yield running


def test_every_key_and_certificate_is_listed(world: World) -> None:
    result = CLI.invoke(app, ["trust", "list", "--json"])
    rows = json.loads(result.output)
    purposes = {(row["owner"].split()[0], row["purpose"]) for row in rows}
    assert {
        ("us", "AS4 signing"),
        ("us", "AS4 encryption"),
        ("us", "TLS server"),
        ("us", "TLS client, national"),
        ("us", "token client"),
        ("partner", "AS4 signing"),
        ("partner", "AS4 encryption"),
        ("partners", "trust anchor"),
        ("national", "trust anchor"),
    } <= purposes
    assert result.exit_code == (1 if any(row["urgent"] for row in rows) else 0)
    assert "PRIVATE" not in result.output
    table = CLI.invoke(app, ["trust", "list"])
    assert table.exit_code == result.exit_code
    assert "us: TLS server; ends " in table.output


def test_what_ends_within_a_week_fails_the_list(world: World) -> None:
    ending = pki.leaf("AP_ENDING", starts=now() - timedelta(days=9), ends=now() + timedelta(days=3))
    world.certificate("platform", "as4-signing").write_bytes(ending.certificate)
    world.key("platform", "as4-signing").write_bytes(ending.key)
    result = CLI.invoke(app, ["trust", "list", "--json"])
    assert result.exit_code == 1
    first = json.loads(result.output)[0]
    assert (first["owner"], first["purpose"], first["alarm"]) == ("us", "AS4 signing", "7 days")
    assert first["next_action"] == "renew now"


def test_a_certificate_is_checked_and_explained(world: World, tmp_path: Path) -> None:
    portal = world.certificate("portal", "as4-signing")
    good = CLI.invoke(app, ["trust", "check", str(portal)])
    assert good.exit_code == 0, good.output
    assert "anchor:" in good.output
    assert "revocation: not known (soft): it names no address" in good.output
    assert good.output.strip().endswith("trusted")
    stranger = tmp_path / "stranger.der"
    stranger.write_bytes(pki.leaf("AP_STRANGER").der)
    bad = CLI.invoke(app, ["trust", "check", "--json", str(stranger)])
    assert bad.exit_code == 1
    assert not json.loads(bad.output)["trusted"]
    wrong_use = CLI.invoke(app, ["trust", "check", "--encryption", str(portal)])
    assert wrong_use.exit_code in (0, 1)
    nothing = tmp_path / "nothing"
    nothing.write_text("nothing")
    assert CLI.invoke(app, ["trust", "check", str(nothing)]).exit_code == 2
    assert CLI.invoke(app, ["trust", "check", str(tmp_path / "none")]).exit_code == 2


def test_hard_revocation_by_settings(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERMEDIARY_TRUST__REVOCATION", "hard")
    result = CLI.invoke(app, ["trust", "check", str(world.certificate("portal", "as4-signing"))])
    assert result.exit_code == 1
    assert "its revocation status is not known" in result.output
    settings = load_settings()
    assert settings.revocation_folder is not None
    assert settings.revocation_folder.name == "revocation"
    assert settings.revocation_folder.is_dir()


def test_pinned_partners_are_asked_about_in_advance(world: World, caplog: pytest.LogCaptureFixture) -> None:
    settings = load_settings()
    pmodes = [partner.pmode for partner in load_partners(settings.pmodes)]
    believed = open_trust(settings)
    believed.warm(pmodes, now)
    assert caplog.text == ""
    replace(believed, policy=trust.CertificatePolicy(revocation=trust.Revocation.HARD)).warm(pmodes, now)
    for purpose in ("signing", "encryption"):
        assert f"partner portal: {purpose} certificate: its revocation status is not known" in caplog.text


def test_one_key_or_several(world: World) -> None:
    settings = load_settings()
    assert len(settings.as4_signing) == 1
    one = settings_file(world).read_text()
    several = one.replace("[as4_signing]", "[[as4_signing]]")
    renewed = pki.leaf("AP_NEW", starts=now() - timedelta(minutes=1), ends=now() + timedelta(days=99))
    folder = settings_file(world).parent
    (folder / "new.pem").write_bytes(renewed.certificate)
    (folder / "new.key").write_bytes(renewed.key)
    several += f'\n[[as4_signing]]\ncertificate = "{folder}/new.pem"\nkey = "{folder}/new.key"\n'
    settings_file(world).write_text(several)
    settings = load_settings()
    assert len(settings.as4_signing) == 2
    keys = open_as4_keys(settings, now)
    assert keys.signing.of_profile(None).certificate == renewed.der
    (folder / "new.key").unlink()
    with pytest.raises(SettingsInvalid, match=r"new\.key"):
        load_settings()


def test_keys_that_do_not_fit_are_told_at_start(world: World) -> None:
    world.key("platform", "as4-signing").write_bytes(pki.leaf("AP_OTHER").key)
    with pytest.raises(SettingsInvalid, match="does not belong to the certificate"):
        open_as4_keys(load_settings(), now)


FORM = "give certificate and key"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"certificate": "c"},
        {"key": "k"},
        {"certificate": "c", "key": "k", "pkcs12": "p"},
        {"pkcs12": "p", "pin_file": "x"},
        {"module": "m", "token": "t", "pin_file": "p"},
        {"module": "m", "token": "t", "key_label": "k"},
        {"module": "m", "token": "t", "pin_file": "p", "key_label": "k", "key": "k"},
    ],
)
def test_a_key_has_exactly_one_form(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match=FORM):
        KeyGroup.model_validate(given)


def test_the_three_forms_of_a_key() -> None:
    pem = KeyGroup.model_validate({"certificate": "c", "key": "k", "pass_phrase_file": "p"})
    assert pem.source() == trust.PemFiles(Path("c"), Path("k"), Path("p"))
    p12 = KeyGroup.model_validate({"pkcs12": "f", "pass_phrase_file": "p"})
    assert p12.source() == trust.Pkcs12File(Path("f"), Path("p"))
    token = KeyGroup.model_validate({"module": "m", "token": "t", "pin_file": "p", "key_id": "0a1B"})
    place = trust.TokenPlace(Path("m"), "t", Path("p"), None, "0a1B")
    assert token.source() == trust.TokenSource(place)
    with pytest.raises(ValidationError):
        KeyGroup.model_validate({"module": "m", "token": "t", "pin_file": "p", "key_id": "xyz"})


def test_the_policy_by_settings() -> None:
    assert TrustGroup().policy() == trust.CertificatePolicy()
    group = TrustGroup.model_validate(
        {"revocation": "hard", "min_rsa_bits": 3072, "crl_max_age_days": 2, "ocsp_nonce_required": True}
    )
    assert group.policy() == trust.CertificatePolicy(
        revocation=trust.Revocation.HARD,
        min_rsa_bits=3072,
        crl_max_age=timedelta(days=2),
        ocsp_nonce_required=True,
    )
    for wrong in ({"revocation": "maybe"}, {"min_rsa_bits": 1024}, {"fetch_seconds": 0}, {"nonsense": 1}):
        with pytest.raises(ValidationError):
            TrustGroup.model_validate(wrong)


def test_a_revoked_signer_is_refused_with_the_reason_in_the_log_only(authority: Authority) -> None:
    member = certificate(parties.PORTAL.id, authority.name, *addresses(authority.base))
    key = pki.private_key(parties.PORTAL.id).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    signing = as4.SigningKey.from_pem(key, member.public_bytes(Encoding.PEM))
    sent = as4.pack(parties.REQUEST, (parties.EDM,), parties.pmode(), signing)
    pinned = parties.receiving(partner_signing_certificates=(member.public_bytes(Encoding.PEM),))
    policy = trust.CertificatePolicy()

    def receive() -> as4.Unpacked:
        revocations = trust.Revocations(policy, HttpFetch(policy))
        check = trust.certificate_check([authority.root], policy, NOW, (), revocations.status)
        return as4.unpack(sent.content_type, sent.body, (pinned,), parties.keys(), check, NOW, as4.Limits())

    assert receive().received.payloads
    authority.revoked.add(member.serial_number)
    with pytest.raises(as4.As4Refused) as refused:
        receive()
    assert refused.value.error.code is as4.EbmsErrorCode.FAILED_AUTHENTICATION
    assert f"revoked on 2026-06-29, keyCompromise (serial {member.serial_number:X}" in refused.value.reason
    answer = as4.pack_error((refused.value.error,), "e@x", NOW, parties.signing(parties.PLATFORM))
    wire = b"".join(answer.body) if isinstance(answer.body, tuple) else bytes(answer.body)
    assert b"revoked" not in wire
    assert b"keyCompromise" not in wire
