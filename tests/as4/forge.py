"""A second, independent AS4 sender, for foreign dialects and for attacks.

It builds the envelope as a tree and hashes with libxml2, as WSS4J does it; every step can be bent.
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from lxml import etree

from intermediary import as4
from intermediary.as4 import vocabulary as v
from tests.as4 import pki
from tests.as4.parties import PLATFORM, PORTAL, REQUEST, leaf, profile

SHA1 = "http://www.w3.org/2000/09/xmldsig#sha1"
RSA_SHA1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
_HASHES: dict[str, tuple[hashes.HashAlgorithm, str]] = {
    v.SHA256: (hashes.SHA256(), "sha256"),
    v.RSA_SHA256: (hashes.SHA256(), "sha256"),
    SHA1: (hashes.SHA1(), "sha1"),
    RSA_SHA1: (hashes.SHA1(), "sha1"),
}


@dataclass
class ForgedPart:
    """A part: `signed` is what is hashed where that is not the content itself."""

    content_id: str
    media_type: str
    content: bytes
    properties: tuple[tuple[str, str], ...] = ()
    signed: bytes | None = None
    transfer_encoding: str = "binary"
    href: str | None = None
    """The reference in the header, where it is not plain `cid:` and the Content-ID."""

    @property
    def uri(self) -> str:
        return self.href or f"cid:{self.content_id}"


def messaging(
    parts: Sequence[ForgedPart] = (), *, message: as4.UserMessage = REQUEST, extra: str = ""
) -> str:
    """eb:Messaging in another hand: other prefixes, a default namespace, indented."""
    infos = "".join(
        f'<PartInfo href="{part.uri}">'
        + (
            "<PartProperties>"
            + "".join(f'<Property name="{name}">{value}</Property>' for name, value in part.properties)
            + "</PartProperties>"
            if part.properties
            else ""
        )
        + "</PartInfo>"
        for part in parts
    )
    return f"""
    <Messaging xmlns="{v.EB}" xmlns:u="{v.WSU}" s:mustUnderstand="true" u:Id="_m1"><!-- by hand -->
      <UserMessage>
        <MessageInfo><Timestamp>2026-07-01T14:00:00.1234567+02:00</Timestamp>
          <MessageId>{message.message_id}</MessageId></MessageInfo>
        <PartyInfo>
          <From><PartyId type="{message.sender.type}">{message.sender.id}</PartyId>
            <Role>{message.sender.role}</Role></From>
          <To><PartyId type="{message.receiver.type}">{message.receiver.id}</PartyId>
            <Role>{message.receiver.role}</Role></To>
        </PartyInfo>
        <CollaborationInfo><Service type="{message.service_type}">{message.service}</Service>
          <Action>{message.action}</Action><ConversationId>{message.conversation_id}</ConversationId>
        </CollaborationInfo>
        {extra}{f"<PayloadInfo>{infos}</PayloadInfo>" if infos else ""}
      </UserMessage>
    </Messaging>"""


OURS = pki.Leaf(b"", b"")
"""Stands for the right key of the profile under test."""
SPKI = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
POINT = (serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
_NAMESPACES = f'xmlns:x11="{v.XENC11}" xmlns:d11="{v.DSIG11}" xmlns:m="{v.DSIG_MORE}"'


@dataclass
class Agreement:
    """The key agreement of a 2.0 message; None: as the profile demands, or what follows from the rest."""

    method: str | None = None
    key_method: str = v.KW_AES128
    derivation: str = v.HKDF
    salt: bytes = field(default_factory=lambda: os.urandom(16))
    info: bytes = b""
    other: bytes = b""
    """OtherInfo of ConcatKDF."""
    parameters: str | None = None
    """XML inside KeyDerivationMethod."""
    originator: str | None = None
    """XML inside OriginatorKeyInfo."""
    secret: bytes | None = None
    named: Callable[[str], str] = lambda children: children
    """Bends the XML inside AgreementMethod."""

    def write(self, recipient: pki.Leaf, content_key: bytes, reference: str) -> tuple[str, bytes]:
        """XML for KeyInfo, and the wrapped key; `reference` names the recipient's certificate."""
        secret, originator = self._agree(recipient)
        secret = secret if self.secret is None else self.secret
        if self.derivation == v.CONCAT_KDF:
            derived = hashlib.sha256(bytes([0, 0, 0, 1]) + secret + self.other).digest()[:16]
            parameters = (
                f'<x11:ConcatKDFParams AlgorithmID="00{self.other.hex()}" PartyUInfo="">'
                f'<d:DigestMethod Algorithm="{v.SHA256}"/></x11:ConcatKDFParams>'
            )
        else:
            extracted = hmac.digest(self.salt or bytes(32), secret, "sha256")
            derived = hmac.digest(extracted, self.info + b"\x01", "sha256")[:16]
            parameters = (
                f'<m:HKDFParams><m:PRF Algorithm="{v.HMAC_SHA256}"/>'
                f"<m:Salt>{base64.b64encode(self.salt).decode()}</m:Salt>"
                f"<m:Info>{base64.b64encode(self.info).decode()}</m:Info><m:KeyLength>16</m:KeyLength>"
                f"</m:HKDFParams>"
            )
        children = (
            f'<x11:KeyDerivationMethod Algorithm="{self.derivation}">{self.parameters or parameters}'
            f"</x11:KeyDerivationMethod>"
            f"<x:OriginatorKeyInfo>{self.originator or originator}</x:OriginatorKeyInfo>"
            f"<x:RecipientKeyInfo>{reference}</x:RecipientKeyInfo>"
        )
        method = self.method or profile().agreement
        return (
            f'<d:KeyInfo><x:AgreementMethod {_NAMESPACES} Algorithm="{method}">{self.named(children)}'
            f"</x:AgreementMethod></d:KeyInfo>"
        ), aes_key_wrap(derived, content_key)

    @staticmethod
    def _agree(recipient: pki.Leaf) -> tuple[bytes, str]:
        public = recipient.x509.public_key()
        if isinstance(public, x25519.X25519PublicKey):
            fresh = x25519.X25519PrivateKey.generate()
            return fresh.exchange(public), der_encoded(fresh.public_key().public_bytes(*SPKI))
        assert isinstance(public, ec.EllipticCurvePublicKey)
        key = ec.generate_private_key(ec.SECP256R1())
        return key.exchange(ec.ECDH(), public), ec_value(key.public_key().public_bytes(*POINT))


def der_encoded(spki: bytes) -> str:
    """dsig11:DEREncodedKeyValue."""
    return f"<d11:DEREncodedKeyValue>{base64.encodebytes(spki).decode()}</d11:DEREncodedKeyValue>"


def ec_value(point: bytes, curve: str = v.SECP256R1) -> str:
    """ds:KeyValue with dsig11:ECKeyValue."""
    return (
        f'<d:KeyValue><d11:ECKeyValue><d11:NamedCurve URI="{curve}"/>'
        f"<d11:PublicKey>{base64.encodebytes(point).decode()}</d11:PublicKey></d11:ECKeyValue></d:KeyValue>"
    )


@dataclass
class Forgery:
    """One message in the making."""

    parts: list[ForgedPart] = field(default_factory=list)
    header: str | None = None
    signer: pki.Leaf = OURS
    recipient: pki.Leaf | None = OURS
    """None: nothing is encrypted."""
    signature_method: str | None = None
    """None: of the profile."""
    raw_signature: Callable[[bytes], bytes] = lambda value: value
    """Applied to the signature value."""
    digest_method: str = v.SHA256
    c14n: str = v.EXC_C14N
    attachment_transform: str = v.ATTACHMENT_SIGNATURE
    prefix_list: str = ""
    key_form: str = "token"
    """token, embedded, ski, thumbprint, serial: for signature and encryption alike."""
    covered: Callable[[str], bool] = lambda uri: True
    further: tuple[str, ...] = ()
    """Ids of further elements to be signed."""
    agreement: Agreement = field(default_factory=Agreement)
    oaep_digest: str = v.SHA256
    mgf: str = v.MGF1_SHA256
    cipher: str = v.AES128_GCM
    content_key: bytes = field(default_factory=lambda: os.urandom(16))
    charset: str = "UTF-8"
    blocks: str = ""
    """Further SOAP header blocks."""
    body: str = ""
    """Content of the SOAP Body."""
    last: Callable[[etree._Element], None] = lambda envelope: None
    """Applied to the tree after signing."""
    root_first: bool = True

    def pack(self) -> as4.Packed:
        """Sign, encrypt, serialise."""
        envelope = etree.fromstring(
            f'<s:Envelope xmlns:s="{v.SOAP}" xmlns:unused="urn:unused"><s:Header>'
            f'<w:Security xmlns:w="{v.WSSE}" xmlns:u="{v.WSU}" xmlns:d="{v.DS}" xmlns:x="{v.XENC}"'
            f' s:mustUnderstand="1"/>{self.header or messaging(self.parts)}{self.blocks}</s:Header>'
            f'<s:Body xmlns:u="{v.WSU}" u:Id="_b1">{self.body}</s:Body></s:Envelope>'
        )
        security = envelope[0][0]
        assert security.tag == v.SECURITY
        security.append(self._fragment(self._token("signer", self._signer())))
        self._sign(envelope, security)
        contents = [part.content for part in self.parts]
        if self.recipient is not None and self.parts:
            contents = self._encrypt(security, contents)
        self.last(envelope)
        root = bytes(etree.tostring(envelope, encoding=self.charset, xml_declaration=True))  # type: ignore[arg-type]
        return self._join(root, contents)

    def _signer(self) -> pki.Leaf:
        return leaf(PORTAL.id) if self.signer is OURS else self.signer

    def _recipient(self) -> pki.Leaf:
        assert self.recipient is not None
        return leaf(PLATFORM.id, "encryption") if self.recipient is OURS else self.recipient

    @staticmethod
    def _fragment(text: str) -> etree._Element:
        namespaces = f'xmlns:w="{v.WSSE}" xmlns:u="{v.WSU}" xmlns:d="{v.DS}" xmlns:x="{v.XENC}"'
        return etree.fromstring(f"<r {namespaces}>{text}</r>")[0]

    @staticmethod
    def _token(name: str, leaf: pki.Leaf) -> str:
        value = base64.encodebytes(leaf.der).decode()
        return (
            f'<w:BinarySecurityToken EncodingType="{v.BASE64_BINARY}" ValueType="{v.X509V3}" u:Id="{name}">'
            f"{value}</w:BinarySecurityToken>"
        )

    def _reference(self, name: str, leaf: pki.Leaf) -> str:
        ski = leaf.x509.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
        thumbprint = hashlib.sha1(leaf.der).digest()

        def identifier(kind: str, value: bytes) -> str:
            return (
                f'<w:KeyIdentifier ValueType="{kind}" EncodingType="{v.BASE64_BINARY}">'
                f"{base64.b64encode(value).decode()}</w:KeyIdentifier>"
            )

        forms = {
            "token": f'<w:Reference URI="#{name}" ValueType="{v.X509V3}"/>',
            "embedded": identifier(v.X509V3, leaf.der),
            "ski": identifier(v.X509_SKI, ski),
            "thumbprint": identifier(v.THUMBPRINT_SHA1, thumbprint),
            "serial": f"<d:X509Data><d:X509IssuerSerial><d:X509IssuerName>CN=whatever</d:X509IssuerName>"
            f"<d:X509SerialNumber>{leaf.x509.serial_number}</d:X509SerialNumber>"
            f"</d:X509IssuerSerial></d:X509Data>",
            "none": "",
        }
        return f"<w:SecurityTokenReference>{forms[self.key_form]}</w:SecurityTokenReference>"

    def _canonical(self, node: etree._Element) -> bytes:
        prefixes = self.prefix_list.split() or None
        return etree.tostring(
            node, method="c14n", exclusive=True, with_comments=False, inclusive_ns_prefixes=prefixes
        )

    def _sign(self, envelope: etree._Element, security: etree._Element) -> None:
        inclusive = (
            f'<ec:InclusiveNamespaces xmlns:ec="{v.EXC_C14N}" PrefixList="{self.prefix_list}"/>'
            if self.prefix_list
            else ""
        )
        digest = _HASHES[self.digest_method][1]
        references = []
        for uri in ("#_m1", "#_b1", *(f"#{name}" for name in self.further)):
            node = next(one for one in envelope.iter() if one.get(v.WSU_ID) == uri[1:])
            method = f'<d:Transform Algorithm="{self.c14n}">{inclusive}</d:Transform>'
            references.append((uri, method, self._canonical(node)))
        for part in self.parts:
            method = f'<d:Transform Algorithm="{self.attachment_transform}"/>'
            references.append((part.uri, method, part.content if part.signed is None else part.signed))
        listed = "".join(
            f'<d:Reference URI="{uri}"><d:Transforms>{method}</d:Transforms>'
            f'<d:DigestMethod Algorithm="{self.digest_method}"/><d:DigestValue>'
            f"{base64.b64encode(hashlib.new(digest, data).digest()).decode()}</d:DigestValue></d:Reference>\n"
            for uri, method, data in references
            if self.covered(uri)
        )
        method, named = (
            self.signature_method or profile().signature_method,
            self._reference("signer", self._signer()),
        )
        signature = self._fragment(
            f'<d:Signature><d:SignedInfo>\n<d:CanonicalizationMethod Algorithm="{self.c14n}">{inclusive}'
            f'</d:CanonicalizationMethod>\n<d:SignatureMethod Algorithm="{method}"/>\n{listed}'
            f"</d:SignedInfo><d:SignatureValue/><d:KeyInfo>{named}</d:KeyInfo></d:Signature>"
        )
        security.append(signature)
        value = self.raw_signature(self._signature(self._canonical(signature[0]), method))
        signature[1].text = base64.encodebytes(value).decode()

    def _signature(self, data: bytes, method: str) -> bytes:
        key = serialization.load_pem_private_key(self._signer().key, None)
        if isinstance(key, rsa.RSAPrivateKey):
            return key.sign(
                data, padding.PKCS1v15(), hashes.SHA1() if method == RSA_SHA1 else hashes.SHA256()
            )
        if isinstance(key, ed25519.Ed25519PrivateKey):
            return key.sign(data)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def _encrypt(self, security: etree._Element, contents: list[bytes]) -> list[bytes]:
        recipient = self._recipient()
        public, named = recipient.x509.public_key(), self._reference("recipient", recipient)
        if isinstance(public, rsa.RSAPublicKey):
            algorithm = _HASHES[self.oaep_digest][0]
            mgf = hashes.SHA256() if self.mgf == v.MGF1_SHA256 else hashes.SHA1()
            wrapped = public.encrypt(self.content_key, padding.OAEP(padding.MGF1(mgf), algorithm, None))
            how = (
                f'<x:EncryptionMethod Algorithm="{v.RSA_OAEP}">'
                f'<d:DigestMethod Algorithm="{self.oaep_digest}"/>'
                f'<m:MGF xmlns:m="{v.XENC11}" Algorithm="{self.mgf}"/></x:EncryptionMethod>'
                f"<d:KeyInfo>{named}</d:KeyInfo>"
            )
        else:
            key_info, wrapped = self.agreement.write(recipient, self.content_key, named)
            how = f'<x:EncryptionMethod Algorithm="{self.agreement.key_method}"/>{key_info}'
        key = (
            f'<x:EncryptedKey Id="EK1">{how}<x:CipherData><x:CipherValue>'
            f"{base64.encodebytes(wrapped).decode()}</x:CipherValue></x:CipherData></x:EncryptedKey>"
        )
        datas = [
            f'<x:EncryptedData Id="ED{n}" MimeType="{part.media_type}" Type="{v.ATTACHMENT_CONTENT_ONLY}">'
            f'<x:EncryptionMethod Algorithm="{self.cipher}"/><d:KeyInfo><w:SecurityTokenReference'
            f' xmlns:t="{v.WSSE11}" t:TokenType="{v.ENCRYPTED_KEY_TOKEN}"><w:Reference URI="#EK1"/>'
            f'</w:SecurityTokenReference></d:KeyInfo><x:CipherData><x:CipherReference URI="{part.uri}">'
            f'<x:Transforms><d:Transform Algorithm="{v.ATTACHMENT_CIPHERTEXT}"/></x:Transforms>'
            f"</x:CipherReference></x:CipherData></x:EncryptedData>"
            for n, part in enumerate(self.parts)
        ]
        for text in reversed([self._token("recipient", recipient), key, *datas]):
            security.insert(0, self._fragment(text))
        encrypted = []
        for content in contents:
            iv = os.urandom(12)
            encrypted.append(iv + AESGCM(self.content_key).encrypt(iv, content, None))
        return encrypted

    def _join(self, root: bytes, contents: list[bytes]) -> as4.Packed:
        if not self.parts:
            return as4.Packed(f"application/soap+xml; charset={self.charset}", root)
        pieces = [
            (
                f"Content-Type: application/soap+xml;\r\n charset={self.charset}\r\ncontent-id: root@forge",
                root,
            )
        ]
        for part, content in zip(self.parts, contents, strict=True):
            kind = part.media_type if self.recipient is None else v.OCTETS_TYPE
            wire = content
            if part.transfer_encoding == "base64":
                wire = base64.encodebytes(content)
            elif part.transfer_encoding == "quoted-printable":
                wire = "".join(f"={byte:02X}" for byte in content).encode()
            pieces.append(
                (
                    f"Content-Type: {kind}\r\nContent-Transfer-Encoding: {part.transfer_encoding}\r\n"
                    f"Content-Id: <{part.content_id}>",
                    wire,
                )
            )
        if not self.root_first:
            pieces.reverse()
        body = b"preamble, to be ignored\r\n"
        body += b"".join(b"--b0 \r\n" + head.encode() + b"\r\n\r\n" + data + b"\r\n" for head, data in pieces)
        header = 'Multipart/Related; Boundary=b0; type="application/soap+xml"; start="<root@forge>"'
        return as4.Packed(f'{header}; start-info="x;\\"y"', body + b"--b0--\r\nepilogue")
