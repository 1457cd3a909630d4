"""Profile 2.0 beside 1.15: nobody is confused with anybody, and hostile key agreements are refused (C51–C56).

What the profiles have in common is tested with each of them in the other modules (fixture each_profile).
"""

import base64
from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st

from intermediary import as4
from intermediary.as4 import vocabulary as v
from tests.as4 import pki
from tests.as4.forge import (
    POINT,
    SPKI,
    Agreement,
    Forgery,
    der_encoded,
    ec_value,
)
from tests.as4.parties import (
    CHECK,
    EDM,
    PDF,
    PLATFORM,
    PORTAL,
    REQUEST,
    leaf,
    pmode,
    profile,
    read,
    receive,
    receiving,
    send,
    signing,
    under,
)
from tests.as4.pki import NOW
from tests.as4.test_refusals import PART, expect, refused

Code = as4.EbmsErrorCode
OLD, EDDSA, ECDSA = as4.EDELIVERY_1_15, as4.EDELIVERY_2_0_EDDSA, as4.EDELIVERY_2_0_ECDSA
X448 = "http://www.w3.org/2021/04/xmldsig-more#x448"


@pytest.fixture
def eddsa() -> Iterator[None]:
    """Both parties have moved to the common usage profile."""
    with under(EDDSA):
        yield


@pytest.fixture
def ecdsa() -> Iterator[None]:
    """Both parties have moved to the alternative profile."""
    with under(ECDSA):
        yield


def _all_keys() -> as4.SigningKeys:
    """The portal's signing keys for every profile."""
    pairs = (pki.leaf(PORTAL.id, kind=one.signing_key) for one in as4.PROFILES.values())
    return as4.SigningKeys(tuple(as4.SigningKey.from_pem(*pair) for pair in pairs))


# ---- one partner moves alone; nobody is confused with anybody


def test_two_partners_on_two_profiles_at_once() -> None:
    """The platform holds the keys of all profiles; each partner's P-Mode decides."""
    other = as4.Party("AP_MOVED", PORTAL.type)
    stays = receiving()
    with under(EDDSA):
        moved = replace(
            receiving(),
            id="moved",
            partner=other,
            partner_signing_certificates=(leaf(other.id).certificate,),
        )
        request = replace(REQUEST, sender=other)
        packed = as4.pack(request, (EDM,), pmode(other, PLATFORM), signing(other))
    assert receive(packed, stays, moved).pmode.id == "moved"
    assert receive(send(EDM), stays, moved).pmode.id == stays.id


def test_keys_of_every_profile_sign_by_the_p_mode(each_profile: None) -> None:
    packed = as4.pack(REQUEST, (EDM,), pmode(), _all_keys())
    unpacked = receive(packed)
    assert unpacked.received.payloads == (EDM,)
    assert unpacked.received.signer == leaf(PORTAL.id).der
    assert unpacked.received.security is unpacked.pmode.security
    platform = as4.SigningKeys(
        tuple(
            as4.SigningKey.from_pem(*pki.leaf(PLATFORM.id, kind=one.signing_key))
            for one in as4.PROFILES.values()
        )
    )
    receipt = as4.pack_receipt(unpacked.received, "r@x", NOW, platform)
    assert isinstance(read(receipt, packed), as4.Receipt)
    error = as4.EbmsError(Code.OTHER, "Why", REQUEST.message_id)
    signal = as4.pack_error((error,), "e@x", NOW, platform, unpacked.pmode.security)
    assert isinstance(read(signal, packed), as4.ErrorSignal)


@pytest.mark.parametrize("pinned", [True, False], ids=["pinned", "by name"])
@pytest.mark.parametrize(("agreed", "used"), list(permutations(as4.PROFILES, 2)))
def test_a_message_by_another_profile(agreed: str, used: str, pinned: bool) -> None:
    """Algorithm confusion: signed, or encrypted, or both as another profile would have it."""
    agreed_profile, used_profile = as4.PROFILES[agreed], as4.PROFILES[used]
    with under(agreed_profile):
        expected = receiving() if pinned else receiving(partner_signing_certificates=())
        signer, recipient, method = (
            leaf(PORTAL.id),
            leaf(PLATFORM.id, "encryption"),
            profile().signature_method,
        )
    by_agreement = Agreement(method=agreed_profile.agreement)
    assert receive(_under(agreed_profile, Forgery([PART])), expected).received.payloads
    for forgery in (
        Forgery([PART]),
        Forgery([PART], signer=signer, signature_method=method),
        Forgery([PART], recipient=recipient, agreement=by_agreement),
    ):
        refusal = refused(_under(used_profile, forgery), expected)
        expect(refusal, Code.POLICY_NONCOMPLIANCE, agreed)


def _under(used: as4.SecurityProfile, forgery: Forgery) -> as4.Packed:
    with under(used):
        return forgery.pack()


@pytest.mark.parametrize(("agreed", "used"), list(permutations(as4.PROFILES, 2)))
def test_a_key_of_another_kind_under_the_agreed_name(agreed: str, used: str) -> None:
    """Key confusion: the method is the agreed one, the certificate is of another kind."""
    stranger = pki.leaf(PORTAL.id, kind=as4.PROFILES[used].signing_key)
    with under(as4.PROFILES[agreed]):
        packed = Forgery([PART], signer=stranger).pack()
        for pins in ((), (stranger.certificate,)):
            refusal = refused(packed, receiving(partner_signing_certificates=pins))
            expect(refusal, Code.POLICY_NONCOMPLIANCE, f"not of the kind that {agreed} demands")


@pytest.mark.parametrize(("agreed", "used"), list(permutations(as4.PROFILES, 2)))
def test_a_receipt_by_another_profile(agreed: str, used: str) -> None:
    with under(as4.PROFILES[agreed]):
        packed = send(EDM)
        received, partner = receive(packed).received, pmode()
    with under(as4.PROFILES[used]):
        receipt = as4.pack_receipt(
            replace(received, security=as4.PROFILES[used]), "r@x", NOW, signing(PLATFORM)
        )
    with pytest.raises(as4.InvalidReceipt, match=agreed):
        as4.read_signal(receipt.content_type, receipt.body, packed, REQUEST.message_id, partner, CHECK)


# ---- our own keys and certificates must fit


def test_keys_that_do_not_fit_the_profile() -> None:
    old_key = signing()
    with under(EDDSA):
        moved = pmode()
        with pytest.raises(as4.KeyUnusable, match=r"edelivery-2\.0-eddsa signs with ed25519"):
            as4.pack(REQUEST, (EDM,), moved, old_key)
        with pytest.raises(as4.KeyUnusable, match="no signing key of the kind"):
            as4.pack(REQUEST, (EDM,), moved, as4.SigningKeys((old_key,)))
        with pytest.raises(as4.KeyUnusable, match="x25519"):
            send(EDM, partner_encryption_certificate=pki.leaf(PLATFORM.id, "encryption").certificate)
        with pytest.raises(as4.KeyUnusable, match="cannot sign"):
            as4.SigningKey.from_pem(*leaf(PORTAL.id, "encryption"))
        with pytest.raises(as4.KeyUnusable, match="cannot decrypt"):
            as4.OwnKeys.from_pem(leaf(PORTAL.id))


def _certificate(public: x25519.X25519PublicKey | ec.EllipticCurvePublicKey) -> bytes:
    name = x509.Name.from_rfc4514_string("CN=Odd")
    return (
        x509.CertificateBuilder(name, name, public, 1, NOW, NOW.replace(year=2030))
        .sign(pki.private_key("Test CA"), hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )


def test_partner_certificates_that_cannot_be_used(eddsa: None) -> None:
    nobody = x25519.X25519PublicKey.from_public_bytes(bytes(32))
    with pytest.raises(as4.KeyUnusable, match="small order"):
        send(EDM, partner_encryption_certificate=_certificate(nobody))
    other_curve = ec.generate_private_key(ec.SECP384R1()).public_key()
    with pytest.raises(as4.KeyUnusable, match="secp256r1"):
        send(EDM, partner_encryption_certificate=_certificate(other_curve))


# ---- signature values


def _der(raw: bytes) -> bytes:
    return encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))


N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
MALFORMED = {
    "DER": _der,
    "one byte less": lambda raw: raw[:-1],
    "one byte more": lambda raw: raw + b"\0",
    "zero in front": lambda raw: b"\0" + raw[:32] + b"\0" + raw[32:],
    "all zero": lambda _: bytes(64),
    "r is zero": lambda raw: bytes(32) + raw[32:],
    "s is zero": lambda raw: raw[:32] + bytes(32),
    "r is the order": lambda raw: N.to_bytes(32, "big") + raw[32:],
    "s beyond the order": lambda raw: raw[:32] + b"\xff" * 32,
    "empty": lambda _: b"\0",
    "swapped": lambda raw: raw[32:] + raw[:32],
    "of another": lambda _: b"\1" * 64,
}


@pytest.mark.parametrize("form", MALFORMED)
@pytest.mark.parametrize("name", ["edelivery-2.0-eddsa", "edelivery-2.0-ecdsa"])
def test_malformed_signature_values(name: str, form: str) -> None:
    with under(as4.PROFILES[name]):
        refusal = refused(Forgery([PART], raw_signature=MALFORMED[form]).pack())
        expect(refusal, Code.FAILED_AUTHENTICATION, "the signature value does not hold")


# ---- ephemeral keys

SMALL_ORDER = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]
"""RFC 7748 §7, and the non-canonical encodings of the first ones."""
X25519_HEAD = bytes.fromhex("302a300506032b656e032100")


@pytest.mark.parametrize("point", SMALL_ORDER)
def test_points_of_small_order(eddsa: None, point: str) -> None:
    """The shared secret would be zero for everybody, so anybody could have wrapped the key."""
    spki = X25519_HEAD + bytes.fromhex(point)
    packed = Forgery([PART], agreement=Agreement(originator=der_encoded(spki), secret=bytes(32))).pack()
    expect(refused(packed), Code.FAILED_DECRYPTION, "cannot be unwrapped")


def test_a_token_that_lets_zero_pass(eddsa: None) -> None:
    lax = as4.OwnKeys.of((lambda _point: bytes(32), leaf(PLATFORM.id, "encryption").der))
    packed = Forgery([PART], agreement=Agreement(secret=bytes(32))).pack()
    with pytest.raises(as4.As4Refused) as caught:
        as4.unpack(packed.content_type, packed.body, (receiving(),), lax, CHECK, NOW)
    expect(caught.value, Code.FAILED_DECRYPTION, "cannot be unwrapped")


def test_a_token_that_agrees_is_as_good_as_a_file(eddsa: None) -> None:
    pair = leaf(PLATFORM.id, "encryption")
    key = serialization.load_pem_private_key(pair.key, None)
    assert isinstance(key, x25519.X25519PrivateKey)
    token = as4.OwnKeys.of(
        (lambda point: key.exchange(x25519.X25519PublicKey.from_public_bytes(point)), pair.der)
    )
    packed = send(EDM, PDF)
    unpacked = as4.unpack(packed.content_type, packed.body, (receiving(),), token, CHECK, NOW)
    assert unpacked.received.payloads == (EDM, PDF)


_P256, _P384 = (ec.generate_private_key(curve).public_key() for curve in (ec.SECP256R1(), ec.SECP384R1()))
_POINT = _P256.public_bytes(*POINT)
_ED25519 = ed25519.Ed25519PrivateKey.generate().public_key().public_bytes(*SPKI)

NOT_X25519 = {
    "short": der_encoded(X25519_HEAD + bytes(31)),
    "long": der_encoded(X25519_HEAD + bytes(33)),
    "raw": der_encoded(bytes(range(32))),
    "rubbish": der_encoded(b"rubbish"),
    "Ed25519": der_encoded(_ED25519),
    "P-256": der_encoded(_P256.public_bytes(*SPKI)),
    "a curve point": ec_value(_POINT),
    "nothing": "<!-- nothing -->",
    "two": der_encoded(X25519_HEAD + bytes(32)) * 2,
    "by name": "<d:KeyName>key</d:KeyName>",
}
NOT_P256 = {
    "not on the curve": ec_value(_POINT[:-1] + bytes([_POINT[-1] ^ 1])),
    "infinity": ec_value(b"\0"),
    "origin": ec_value(b"\4" + bytes(64)),
    "short": ec_value(_POINT[:-1]),
    "long": ec_value(_POINT + b"\0"),
    "hybrid": ec_value(b"\6" + _POINT[1:]),
    "P-384": der_encoded(_P384.public_bytes(*SPKI)),
    "P-384 by name": ec_value(_P384.public_bytes(*POINT), "urn:oid:1.3.132.0.34"),
    "P-384 under the name of P-256": ec_value(_P384.public_bytes(*POINT)),
    "another curve": ec_value(_POINT, "urn:oid:1.3.132.0.10"),
    "X25519": der_encoded(X25519_HEAD + bytes(31) + b"\1"),
    "explicit parameters": "<d:KeyValue><d11:ECKeyValue><d11:ECParameters/></d11:ECKeyValue></d:KeyValue>",
}


@pytest.mark.parametrize("key", NOT_X25519)
def test_what_is_no_x25519_key(eddsa: None, key: str) -> None:
    packed = Forgery([PART], agreement=Agreement(originator=NOT_X25519[key])).pack()
    assert refused(packed).error.code is Code.POLICY_NONCOMPLIANCE


@pytest.mark.parametrize("key", NOT_P256)
def test_what_is_no_point_of_p256(ecdsa: None, key: str) -> None:
    packed = Forgery([PART], agreement=Agreement(originator=NOT_P256[key])).pack()
    assert refused(packed).error.code is Code.POLICY_NONCOMPLIANCE


def test_an_ephemeral_p256_key_in_either_form(ecdsa: None) -> None:
    """WSS4J writes ECKeyValue; DEREncodedKeyValue means the same."""
    ours = leaf(PLATFORM.id, "encryption").x509.public_key()
    assert isinstance(ours, ec.EllipticCurvePublicKey)
    fresh = ec.generate_private_key(ec.SECP256R1())
    agreement = Agreement(
        originator=der_encoded(fresh.public_key().public_bytes(*SPKI)),
        secret=fresh.exchange(ec.ECDH(), ours),
    )
    assert receive(Forgery([PART], agreement=agreement).pack()).received.payloads


# ---- key derivation

PRF = f'<m:PRF Algorithm="{v.HMAC_SHA256}"/>'
SALT, INFO, LENGTH = "<m:Salt>AAAA</m:Salt>", "<m:Info>AAAA</m:Info>", "<m:KeyLength>16</m:KeyLength>"


def hkdf(*children: str) -> str:
    """m:HKDFParams."""
    return f"<m:HKDFParams>{''.join(children)}</m:HKDFParams>"


BAD_HKDF = {
    "no PRF": hkdf(SALT, LENGTH),
    "PRF twice": hkdf(PRF, PRF, SALT, LENGTH),
    "salt twice": hkdf(PRF, SALT, SALT, LENGTH),
    "info twice": hkdf(PRF, SALT, INFO, INFO, LENGTH),
    "length twice": hkdf(PRF, SALT, LENGTH, LENGTH),
    "HMAC-SHA-1": hkdf('<m:PRF Algorithm="http://www.w3.org/2000/09/xmldsig#hmac-sha1"/>', SALT),
    "PRF of another namespace": hkdf(f'<x11:PRF Algorithm="{v.HMAC_SHA256}"/>', SALT),
    "something more": hkdf(PRF, SALT, "<m:Extra/>"),
    "length in bits": hkdf(PRF, SALT, "<m:KeyLength>128</m:KeyLength>"),
    "length huge": hkdf(PRF, SALT, f"<m:KeyLength>{10**18}</m:KeyLength>"),
    "length of a million digits": hkdf(PRF, f"<m:KeyLength>{'9' * 1_000_000}</m:KeyLength>"),
    "length zero": hkdf(PRF, SALT, "<m:KeyLength>0</m:KeyLength>"),
    "length below zero": hkdf(PRF, SALT, "<m:KeyLength>-16</m:KeyLength>"),
    "length empty": hkdf(PRF, SALT, "<m:KeyLength/>"),
    "length no number": hkdf(PRF, SALT, "<m:KeyLength>sixteen</m:KeyLength>"),
    "salt too long": hkdf(PRF, f"<m:Salt>{base64.b64encode(bytes(129)).decode()}</m:Salt>"),
    "info too long": hkdf(PRF, f"<m:Info>{base64.b64encode(bytes(1025)).decode()}</m:Info>"),
    "salt in the manner of PBKDF2": hkdf(PRF, "<m:Salt><m:Specified>AAAA</m:Specified></m:Salt>"),
    "parameters twice": hkdf(PRF) * 2,
    "no parameters": "<!-- none -->",
    "of ConcatKDF": f'<x11:ConcatKDFParams><d:DigestMethod Algorithm="{v.SHA256}"/></x11:ConcatKDFParams>',
}


@pytest.mark.parametrize("case", BAD_HKDF)
def test_hkdf_parameters_that_are_refused(eddsa: None, case: str) -> None:
    refusal = refused(Forgery([PART], agreement=Agreement(parameters=BAD_HKDF[case])).pack())
    assert refusal.error.code in (Code.POLICY_NONCOMPLIANCE, Code.INVALID_HEADER)


@pytest.mark.parametrize("salt", ["no base64!", "<!-- split -->AAAA"])
def test_a_salt_that_is_no_base64(eddsa: None, salt: str) -> None:
    parameters = hkdf(PRF, f"<m:Salt>{salt}</m:Salt>")
    refusal = refused(Forgery([PART], agreement=Agreement(parameters=parameters)).pack())
    expect(refusal, Code.INVALID_HEADER, "Salt")


@pytest.mark.parametrize(
    "parameters", [hkdf(PRF), hkdf(PRF, "<m:Salt/>", "<m:Info/>", LENGTH), hkdf(LENGTH, PRF)]
)
def test_what_hkdf_may_leave_out(eddsa: None, parameters: str) -> None:
    packed = Forgery([PART], agreement=Agreement(parameters=parameters, salt=b"")).pack()
    assert receive(packed).received.payloads


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=128), st.binary(max_size=1024), st.sampled_from([EDDSA, ECDSA]))
def test_any_salt_and_info(salt: bytes, info: bytes, agreed: as4.SecurityProfile) -> None:
    with under(agreed):
        packed = Forgery([PART], agreement=Agreement(salt=salt, info=info)).pack()
        assert receive(packed).received.payloads[0].data == PART.content


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=200))
def test_any_other_info_of_concat_kdf(other: bytes) -> None:
    with under(ECDSA):
        packed = Forgery([PART], agreement=Agreement(derivation=v.CONCAT_KDF, other=other)).pack()
        assert receive(packed).received.payloads[0].data == PART.content


def concat(attributes: str, digest: str = v.SHA256) -> str:
    """x11:ConcatKDFParams."""
    return f'<x11:ConcatKDFParams {attributes}><d:DigestMethod Algorithm="{digest}"/></x11:ConcatKDFParams>'


@pytest.mark.parametrize(
    "parameters",
    [
        concat('AlgorithmID="04F0"'),
        concat('AlgorithmID="000"'),
        concat('AlgorithmID="zz00"'),
        concat('PartyUInfo="00 11"'),
        concat(f'SuppPrivInfo="{"00" * 2000}"'),
        concat('Unknown="00"'),
        concat("", "http://www.w3.org/2000/09/xmldsig#sha1"),
        "<x11:ConcatKDFParams/>",
        concat("") * 2,
    ],
)
def test_concat_kdf_parameters_that_are_refused(ecdsa: None, parameters: str) -> None:
    agreement = Agreement(derivation=v.CONCAT_KDF, parameters=parameters)
    assert refused(Forgery([PART], agreement=agreement).pack()).error.code is Code.POLICY_NONCOMPLIANCE


def test_concat_kdf_is_not_of_the_common_usage_profile(eddsa: None) -> None:
    refusal = refused(Forgery([PART], agreement=Agreement(derivation=v.CONCAT_KDF)).pack())
    expect(refusal, Code.POLICY_NONCOMPLIANCE, "the key derivation is none of edelivery-2.0-eddsa")


# ---- the agreement itself


@pytest.mark.parametrize(
    ("agreement", "reason"),
    [
        (Agreement(method=X448), "key agreement"),
        (Agreement(method=v.ECDH_ES), "key agreement"),
        (Agreement(key_method=v.XENC + "kw-aes256"), "not encrypted as edelivery-2.0-eddsa demands"),
        (Agreement(key_method=v.RSA_OAEP), "not encrypted as edelivery-2.0-eddsa demands"),
        (Agreement(derivation=v.XENC11 + "pbkdf2"), "key derivation"),
        (Agreement(named=lambda children: children * 2), "AgreementMethod does not consist"),
        (Agreement(named=lambda children: "<x:KA-Nonce>AAAA</x:KA-Nonce>" + children), "does not consist"),
        (Agreement(named=lambda children: children[: children.index("<x:Orig")]), "does not consist"),
    ],
)
def test_agreements_that_are_refused(eddsa: None, agreement: Agreement, reason: str) -> None:
    refusal = refused(Forgery([PART], agreement=agreement).pack())
    expect(refusal, Code.POLICY_NONCOMPLIANCE, reason)


def test_a_secret_that_is_not_shared(each_profile: None) -> None:
    """A sender who does not know what was agreed upon cannot make us believe a key."""
    if receiving().security is OLD:
        packed = Forgery([PART], recipient=leaf("AP_OTHER", "encryption")).pack()
        expect(refused(packed), Code.FAILED_DECRYPTION, "not ours")
    else:
        packed = Forgery([PART], agreement=Agreement(secret=b"\1" * 32)).pack()
        expect(refused(packed), Code.FAILED_DECRYPTION, "cannot be unwrapped")
