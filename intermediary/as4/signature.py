"""ds:Signature over eb:Messaging, the Body and every attachment (eDelivery AS4 1.15, WSS SwA Profile §5).

One algorithm of each kind: the signature method of the P-Mode's profile, SHA-256, exclusive C14N without
comments, Attachment-Content transform. Anything else is a refusal, so that nobody can negotiate downwards.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from lxml import etree

from intermediary.as4.codes import EbmsErrorCode
from intermediary.as4.errors import Refusal
from intermediary.as4.header import read_base64
from intermediary.as4.keys import (
    CertificateCheck,
    KeyReference,
    PublicCertificate,
    SigningKey,
    certificate_of_der,
    pinned,
    read_key_info,
)
from intermediary.as4.model import DigestReference, PMode
from intermediary.as4.security import PROFILES, SecurityProfile
from intermediary.as4.soap import BODY, BODY_ID, MESSAGING_ID, Envelope, attribute, canonical, child, elements
from intermediary.as4.vocabulary import (
    ATTACHMENT_SIGNATURE,
    BASE64_BINARY,
    DS,
    EXC_C14N,
    SHA256,
    X509V3,
    ds,
)

_TOKEN_ID = "signer"  # noqa: S105 - an XML id
_METHODS = {profile.signing_key: profile.signature_method for profile in PROFILES.values()}
_MAX_FURTHER = 4
"""References to other elements of the header (token, time stamp) that some products add."""


def digest(content: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(content).digest()


# ---- writing


def sign(
    messaging: str, attachments: Sequence[tuple[str, bytes]], signing: SigningKey
) -> tuple[str, tuple[DigestReference, ...]]:
    """Token and signature for wsse:Security, and what was signed.

    `messaging` is the canonical eb:Messaging, the Body is ours; attachments: (cid: URI, SHA-256).
    """
    references = [
        DigestReference(f"#{MESSAGING_ID}", SHA256, digest(messaging.encode())),
        _BODY_REFERENCE,
        *(DigestReference(uri, SHA256, hashed) for uri, hashed in attachments),
    ]
    signed_info = (
        f'<ds:SignedInfo xmlns:ds="{DS}">'
        f'<ds:CanonicalizationMethod Algorithm="{EXC_C14N}"></ds:CanonicalizationMethod>'
        f'<ds:SignatureMethod Algorithm="{_METHODS[signing.kind]}"></ds:SignatureMethod>'
        f"{''.join(map(_reference, references))}</ds:SignedInfo>"
    )
    value = base64.b64encode(signing.sign(signed_info.encode())).decode()
    return (
        f'<wsse:BinarySecurityToken EncodingType="{BASE64_BINARY}" ValueType="{X509V3}" wsu:Id="{_TOKEN_ID}">'
        f"{signing.token}</wsse:BinarySecurityToken>"
        f'<ds:Signature Id="signature">{signed_info}<ds:SignatureValue>{value}</ds:SignatureValue>'
        f'<ds:KeyInfo><wsse:SecurityTokenReference><wsse:Reference URI="#{_TOKEN_ID}" ValueType="{X509V3}"/>'
        f"</wsse:SecurityTokenReference></ds:KeyInfo></ds:Signature>"
    ), tuple(references)


def _reference(reference: DigestReference) -> str:
    transform = EXC_C14N if reference.uri.startswith("#") else ATTACHMENT_SIGNATURE
    return (
        f'<ds:Reference URI="{attribute(reference.uri)}"><ds:Transforms>'
        f'<ds:Transform Algorithm="{transform}"></ds:Transform></ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{SHA256}"></ds:DigestMethod>'
        f"<ds:DigestValue>{base64.b64encode(reference.digest_value).decode()}</ds:DigestValue></ds:Reference>"
    )


_BODY_REFERENCE = DigestReference(f"#{BODY_ID}", SHA256, digest(BODY.encode()))


# ---- reading


@dataclass(frozen=True, slots=True)
class Reference:
    """One ds:Reference: what it names, the namespaces to keep, and the element itself for the receipt."""

    digest: DigestReference
    prefixes: tuple[str, ...]
    element: etree._Element = field(repr=False)


@dataclass(frozen=True, slots=True)
class Signature:
    """A ds:Signature whose form was checked, but nothing else yet."""

    signed_info: etree._Element = field(repr=False)
    prefixes: tuple[str, ...]
    value: bytes = field(repr=False)
    key: KeyReference = field(repr=False)
    references: tuple[Reference, ...]

    @property
    def digests(self) -> tuple[DigestReference, ...]:
        """What the signature claims, in its order."""
        return tuple(reference.digest for reference in self.references)


def read_signature(envelope: Envelope, profile: SecurityProfile) -> Signature | None:
    """The signature of the envelope, or None; raises Refusal (EBMS:0103) for anything outside the profile."""
    signature = None if envelope.security is None else child(envelope.security, ds("Signature"))
    if signature is None:
        return None
    signed_info, value, key_info = _exactly(signature, _SIGNATURE, ("Id",))
    inside = elements(signed_info)
    if len(inside) < 3 or [e.tag for e in inside[:2]] != [
        ds("CanonicalizationMethod"),
        ds("SignatureMethod"),
    ]:
        raise _policy("the SignedInfo is not as the profile demands")
    if inside[0].get("Algorithm") != EXC_C14N:
        raise _policy("the canonicalisation is not exclusive C14N without comments")
    if inside[1].get("Algorithm") != profile.signature_method or len(inside[1]):
        raise _policy(f"the signature algorithm is not the one of {profile.name}")
    references = tuple(_read_reference(element) for element in inside[2:])
    if len({reference.digest.uri for reference in references}) != len(references):
        raise _policy("the signature refers to the same thing twice")
    return Signature(
        signed_info,
        _prefixes(inside[0]),
        read_base64(value),
        read_key_info(key_info, envelope.by_id),
        references,
    )


def _read_reference(element: etree._Element) -> Reference:
    if element.tag != ds("Reference"):
        raise _policy("the SignedInfo holds something that is not a Reference")
    transforms, method, value = _exactly(element, _REFERENCE, ("Id", "URI", "Type"))
    (transform,) = _exactly(transforms, _TRANSFORMS, ())
    if method.get("Algorithm") != SHA256 or len(method) or len(method.keys()) != 1:
        raise _policy("a digest algorithm is not SHA-256")
    if value.keys() or len(transform.keys()) != 1:
        raise _policy("a Reference is not as the profile demands")
    uri, algorithm = element.get("URI", ""), transform.get("Algorithm")
    prefixes: tuple[str, ...] = ()
    if uri.startswith("#") and algorithm == EXC_C14N:
        prefixes = _prefixes(transform)
    elif not (uri[:4].lower() == "cid:" and algorithm == ATTACHMENT_SIGNATURE and not len(transform)):
        raise _policy("the transform of a Reference is not the one that the profile demands")
    digested = DigestReference(uri, SHA256, read_base64(value))
    return Reference(digested, prefixes, element)


_SIGNATURE = [ds("SignedInfo"), ds("SignatureValue"), ds("KeyInfo")]
_REFERENCE = [ds("Transforms"), ds("DigestMethod"), ds("DigestValue")]
_TRANSFORMS = [ds("Transform")]


def _exactly(parent: etree._Element, tags: list[str], attributes: tuple[str, ...]) -> list[etree._Element]:
    children = elements(parent)
    if [child.tag for child in children] != tags:
        names = ", ".join(etree.QName(tag).localname for tag in tags)
        raise _policy(f"{etree.QName(parent).localname} does not consist of {names}")
    if not set(parent.keys()).issubset(attributes):
        raise _policy(f"{etree.QName(parent).localname} has an attribute that is not expected")
    return children


def _prefixes(method: etree._Element) -> tuple[str, ...]:
    if not len(method):
        return ()
    children = elements(method)
    if not children:
        return ()
    prefixes = tuple(children[0].get("PrefixList", "").split())
    if len(children) != 1 or children[0].tag != f"{{{EXC_C14N}}}InclusiveNamespaces" or len(prefixes) > 64:
        raise _policy("the parameters of a canonicalisation are not supported")
    return prefixes


def authenticate(signature: Signature, pmode: PMode, check: CertificateCheck, now: datetime | None) -> bytes:
    """Verify the signature value with a certificate of the partner; returns that certificate (DER).

    With pinned certificates the signer must be one of them, else its common name must be the partner's party
    id; in both cases `check` must trust it, and at `now` it must be valid. Raises Refusal: EBMS:0101, or
    EBMS:0103 where the key is not of the kind that the P-Mode's profile signs with.
    """
    if pmode.partner_signing_certificates:
        candidates = pinned(pmode.partner_signing_certificates).get(signature.key, ())
        if not candidates:
            raise _untrusted("the signer's certificate is not pinned for this partner")
    elif signature.key.kind == "certificate":
        candidates = (certificate_of_der(signature.key.value),)
    else:
        raise _untrusted("the signer's certificate is neither sent nor pinned")
    candidates = tuple(one for one in candidates if one.kind == pmode.security.signing_key)
    if not candidates:
        raise _policy(f"the signer's key is not of the kind that {pmode.security.name} demands")
    signed = canonical(signature.signed_info, signature.prefixes)
    problem = None
    for candidate in candidates:
        # Several where a renewed certificate has the old key: then the one still valid counts.
        problem = _problem(candidate, pmode, check, now)
        if problem is None and candidate.verifies(signature.value, signed):
            return candidate.der
    raise _untrusted(problem or "the signature value does not hold")


def _problem(
    signer: PublicCertificate, pmode: PMode, check: CertificateCheck, now: datetime | None
) -> str | None:
    if now and not signer.valid_at(now):
        return "the signer's certificate is expired or not yet valid"
    problem = check(signer.der)
    if problem is not None:
        return f"the signer's certificate is not trusted: {problem}"
    if not pmode.partner_signing_certificates and signer.common_name != pmode.partner.id:
        return "the common name of the signer's certificate is not the partner's party id"
    return None


def check_nodes(signature: Signature, envelope: Envelope) -> None:
    """Compare the digests of the signed elements; eb:Messaging and Body must be among them, these very nodes.

    Raises Refusal: EBMS:0103 where one is not covered, EBMS:0101 where a digest differs.
    """
    covered: list[etree._Element] = []
    inside = [reference for reference in signature.references if reference.digest.uri.startswith("#")]
    if len(inside) > 2 + _MAX_FURTHER:
        raise _policy("the signature refers to too many elements")
    for reference in inside:
        node = envelope.by_id.get(reference.digest.uri[1:])
        if node is None:
            raise _policy("the signature refers to an element that does not exist")
        if (
            node is not envelope.messaging
            and node is not envelope.body
            and node.getparent() is not envelope.security
        ):
            raise _policy("the signature refers to an element outside the profile")
        if digest(canonical(node, reference.prefixes)) != reference.digest.digest_value:
            raise _untrusted(f"the digest of {etree.QName(node).localname} differs")
        covered.append(node)
    for node in (envelope.messaging, envelope.body):
        if not any(one is node for one in covered):
            raise _policy(f"the signature does not cover {etree.QName(node).localname}")


def _policy(reason: str) -> Refusal:
    return Refusal(EbmsErrorCode.POLICY_NONCOMPLIANCE, reason)


def _untrusted(reason: str) -> Refusal:
    return Refusal(EbmsErrorCode.FAILED_AUTHENTICATION, reason)
