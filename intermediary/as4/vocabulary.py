"""Namespaces, algorithm identifiers and element names of the profile (digest edelivery-as4 §1–§7)."""

from functools import cache

SOAP = "http://www.w3.org/2003/05/soap-envelope"
EB = "http://docs.oasis-open.org/ebxml-msg/ebms/v3.0/ns/core/200704/"
EBBP = "http://docs.oasis-open.org/ebxml-bp/ebbp-signals-2.0"
DS = "http://www.w3.org/2000/09/xmldsig#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
_WSS = "http://docs.oasis-open.org/wss/"
WSSE = _WSS + "2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = _WSS + "2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
WSSE11 = _WSS + "oasis-wss-wssecurity-secext-1.1.xsd"

EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
AES128_GCM = "http://www.w3.org/2009/xmlenc11#aes128-gcm"
RSA_OAEP = "http://www.w3.org/2009/xmlenc11#rsa-oaep"
MGF1_SHA256 = "http://www.w3.org/2009/xmlenc11#mgf1sha256"
DSIG11 = "http://www.w3.org/2009/xmldsig11#"
DSIG_MORE = "http://www.w3.org/2021/04/xmldsig-more#"
EDDSA_ED25519 = DSIG_MORE + "eddsa-ed25519"
ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
X25519 = DSIG_MORE + "x25519"
ECDH_ES = XENC11 + "ECDH-ES"
HKDF = DSIG_MORE + "hkdf"
CONCAT_KDF = XENC11 + "ConcatKDF"
HMAC_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"
KW_AES128 = XENC + "kw-aes128"
SECP256R1 = "urn:oid:1.2.840.10045.3.1.7"
_SWA = _WSS + "oasis-wss-SwAProfile-1.1#"
ATTACHMENT_SIGNATURE = _SWA + "Attachment-Content-Signature-Transform"
ATTACHMENT_CIPHERTEXT = _SWA + "Attachment-Ciphertext-Transform"
ATTACHMENT_CONTENT_ONLY = _SWA + "Attachment-Content-Only"

BASE64_BINARY = _WSS + "2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"
_X509_TOKEN = _WSS + "2004/01/oasis-200401-wss-x509-token-profile-1.0#"
X509V3 = _X509_TOKEN + "X509v3"
X509_SKI = _X509_TOKEN + "X509SubjectKeyIdentifier"
THUMBPRINT_SHA1 = _WSS + "oasis-wss-soap-message-security-1.1#ThumbprintSHA1"
ENCRYPTED_KEY_TOKEN = _WSS + "oasis-wss-soap-message-security-1.1#EncryptedKey"

SOAP_TYPE = "application/soap+xml"
GZIP_TYPE = "application/gzip"
OCTETS_TYPE = "application/octet-stream"


@cache
def soap(name: str) -> str:
    """Clark name in the SOAP 1.2 namespace."""
    return f"{{{SOAP}}}{name}"


@cache
def eb(name: str) -> str:
    """Clark name in the ebMS 3.0 namespace."""
    return f"{{{EB}}}{name}"


@cache
def wsse(name: str) -> str:
    """Clark name in the WS-Security 1.0 extension namespace."""
    return f"{{{WSSE}}}{name}"


@cache
def ds(name: str) -> str:
    """Clark name in the XML Signature namespace."""
    return f"{{{DS}}}{name}"


@cache
def xenc(name: str) -> str:
    """Clark name in the XML Encryption namespace."""
    return f"{{{XENC}}}{name}"


@cache
def xenc11(name: str) -> str:
    """Clark name in the XML Encryption 1.1 namespace."""
    return f"{{{XENC11}}}{name}"


@cache
def dsig11(name: str) -> str:
    """Clark name in the XML Signature 1.1 namespace."""
    return f"{{{DSIG11}}}{name}"


@cache
def dsig_more(name: str) -> str:
    """Clark name in the namespace of the successor of RFC 9231."""
    return f"{{{DSIG_MORE}}}{name}"


WSU_ID = f"{{{WSU}}}Id"
MUST_UNDERSTAND = f"{{{SOAP}}}mustUnderstand"
MESSAGING = eb("Messaging")
SECURITY = wsse("Security")
