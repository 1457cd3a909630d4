"""What we write, read by others: signxml for a receipt, libxml2 and OpenSSL by hand for a user message."""

import base64
import gzip
import hashlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree
from signxml.verifier import SignatureConfiguration, XMLVerifier

from intermediary import as4
from intermediary.as4 import mime
from intermediary.as4 import vocabulary as v
from tests.as4 import pki
from tests.as4.parties import EDM, PDF, PLATFORM, PORTAL, acknowledge


def test_signxml_accepts_our_receipt(unpacked: as4.Unpacked) -> None:
    config = SignatureConfiguration(require_x509=False, expect_references=2, location=".//")
    verified = XMLVerifier().verify(
        acknowledge(unpacked).body, x509_cert=pki.leaf(PLATFORM.id).certificate.decode(), expect_config=config
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


def test_a_user_message_by_hand(sent: as4.Packed) -> None:
    message = mime.split(sent.content_type, sent.body, as4.Limits())
    root = etree.fromstring(message.root)
    signature = root.find(f".//{v.ds('Signature')}")
    assert signature is not None
    tokens = {
        one.get(v.WSU_ID): base64.b64decode(one.text or "")
        for one in root.iter(v.wsse("BinarySecurityToken"))
    }
    assert tokens == {"signer": pki.leaf(PORTAL.id).der, "recipient": pki.leaf(PLATFORM.id, "encryption").der}
    public = x509.load_der_x509_certificate(tokens["signer"]).public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    public.verify(
        _bytes(signature, v.ds("SignatureValue")),
        _canonical(signature[0]),
        padding.PKCS1v15(),
        hashes.SHA256(),
    )
    own = serialization.load_pem_private_key(pki.leaf(PLATFORM.id, "encryption").key, None)
    assert isinstance(own, rsa.RSAPrivateKey)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    cipher = AESGCM(own.decrypt(_bytes(root, f".//{v.xenc('CipherValue')}"), oaep))
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
