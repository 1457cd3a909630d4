"""ebMS 3.0 / AS4 for the eDelivery profiles 1.15 and 2.0 as OOTS uses them. Pure.

Bytes, keys, time and ids come in as arguments. Here live MIME packaging, eb:Messaging, WS-Security signature
and attachment encryption, compression, receipts, errors and P-Mode matching. Who is trusted is decided by the
`CertificateCheck` that is passed in; when a receipt may leave is decided by the exchange.
"""

from intermediary.as4.codes import TEST_ACTION, TEST_SERVICE, EbmsErrorCode
from intermediary.as4.errors import As4Error, As4Refused, CannotPack, InvalidReceipt, KeyUnusable
from intermediary.as4.keys import CertificateCheck, OwnKeys, Signing, SigningKey, SigningKeys, key_kind
from intermediary.as4.mime import Limits
from intermediary.as4.model import (
    DigestReference,
    EbmsError,
    ErrorSignal,
    Packed,
    Party,
    Payload,
    PMode,
    PModes,
    Property,
    Receipt,
    Received,
    UserMessage,
)
from intermediary.as4.packing import pack
from intermediary.as4.security import (
    EDELIVERY_1_15,
    EDELIVERY_2_0_ECDSA,
    EDELIVERY_2_0_EDDSA,
    PROFILES,
    SecurityProfile,
)
from intermediary.as4.signals import pack_error, pack_receipt, read_signal
from intermediary.as4.unpacking import Unpacked, unpack

__all__ = [
    "EDELIVERY_1_15",
    "EDELIVERY_2_0_ECDSA",
    "EDELIVERY_2_0_EDDSA",
    "PROFILES",
    "TEST_ACTION",
    "TEST_SERVICE",
    "As4Error",
    "As4Refused",
    "CannotPack",
    "CertificateCheck",
    "DigestReference",
    "EbmsError",
    "EbmsErrorCode",
    "ErrorSignal",
    "InvalidReceipt",
    "KeyUnusable",
    "Limits",
    "OwnKeys",
    "PMode",
    "PModes",
    "Packed",
    "Party",
    "Payload",
    "Property",
    "Receipt",
    "Received",
    "SecurityProfile",
    "Signing",
    "SigningKey",
    "SigningKeys",
    "Unpacked",
    "UserMessage",
    "key_kind",
    "pack",
    "pack_error",
    "pack_receipt",
    "read_signal",
    "unpack",
]
