"""What we write, read by others: signxml for a receipt, libxml2 and OpenSSL by hand for a user message."""

import base64
import gzip
import hashlib
import hmac

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap
from lxml import etree
from signxml.verifier import SignatureConfiguration, XMLVerifier

from intermediary import as4
from intermediary.as4 import mime
from intermediary.as4 import vocabulary as v
from tests.as4.parties import EDM, PDF, PLATFORM, PORTAL, acknowledge, leaf, profile


def test_signxml_accepts_our_receipt(unpacked: as4.Unpacked) -> None:
    if profile() is as4.EDELIVERY_2_0_EDDSA:
        pytest.skip("signxml 4 knows no EdDSA; phase4 is the judge of it")
    config = SignatureConfiguration(require_x509=False, expect_references=2, location=".//")
    verified = XMLVerifier().verify(
        acknowledge(unpacked).body, x509_cert=leaf(PLATFORM.id).certificate.decode(), expect_config=config
    )
    assert isinstance(verified, list)
    tags = [one.signed_xml.tag for one in verified if one.signed_xml is not None]
    assert tags == [v.MESSAGING, v.soap("Body")]


def _bytes(parent: etree._Element, path: str) -> bytes:
    found = parent.find(path)
    assert found is not None
    return base64.b64decode(found.text or "")


def _canonical(node: etree._Element) -> bytes:
    return etree.tostring(node, method="c14n", exclusive=True, with_comments=False)


def _verify(public: object, signature: bytes, data: bytes) -> None:
    if isinstance(public, rsa.RSAPublicKey):
        public.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
    elif isinstance(public, ed25519.Ed25519PublicKey):
        public.verify(signature, data)
    else:
        assert isinstance(public, ec.EllipticCurvePublicKey)
        r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
        public.verify(encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))


def _content_key(root: etree._Element) -> bytes:
    wrapped = _bytes(root, f".//{v.xenc('CipherValue')}")
    own = serialization.load_pem_private_key(leaf(PLATFORM.id, "encryption").key, None)
    if isinstance(own, rsa.RSAPrivateKey):
        return own.decrypt(wrapped, padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None))
    if isinstance(own, x25519.X25519PrivateKey):
        fresh = serialization.load_der_public_key(_bytes(root, f".//{v.dsig11('DEREncodedKeyValue')}"))
        assert isinstance(fresh, x25519.X25519PublicKey)
        secret = own.exchange(fresh)
    else:
        assert isinstance(own, ec.EllipticCurvePrivateKey)
        point = _bytes(root, f".//{v.dsig11('PublicKey')}")
        secret = own.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point))
    # RFC 5869 with an empty info and one block, RFC 3394
    extracted = hmac.digest(_bytes(root, f".//{v.dsig_more('Salt')}"), secret, "sha256")
    return aes_key_unwrap(hmac.digest(extracted, b"\x01", "sha256")[:16], wrapped)


def test_a_user_message_by_hand(sent: as4.Packed) -> None:
    message = mime.split(sent.content_type, sent.body, as4.Limits())
    root = etree.fromstring(message.root)
    signature = root.find(f".//{v.ds('Signature')}")
    assert signature is not None
    tokens = {
        one.get(v.WSU_ID): base64.b64decode(one.text or "")
        for one in root.iter(v.wsse("BinarySecurityToken"))
    }
    assert tokens == {"signer": leaf(PORTAL.id).der, "recipient": leaf(PLATFORM.id, "encryption").der}
    public = x509.load_der_x509_certificate(tokens["signer"]).public_key()
    _verify(public, _bytes(signature, v.ds("SignatureValue")), _canonical(signature[0]))
    cipher = AESGCM(_content_key(root))
    plain: dict[str, bytes] = {}
    for payload in (EDM, PDF):
        content = bytes(message.attachments[payload.content_id].content)
        plain[mime.cid_uri(payload.content_id)] = cipher.decrypt(content[:12], content[12:], None)
        assert gzip.decompress(plain[mime.cid_uri(payload.content_id)]) == payload.content
    by_id = {f"#{one.get(v.WSU_ID)}": _canonical(one) for one in root.iter() if one.get(v.WSU_ID)}
    references = list(signature.iter(v.ds("Reference")))
    assert [one.get("URI") for one in references] == ["#messaging", "#body", *plain]
    for reference in references:
        data = (by_id | plain)[reference.get("URI", "")]
        assert _bytes(reference, v.ds("DigestValue")) == hashlib.sha256(data).digest()
