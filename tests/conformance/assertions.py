"""The conformance assertions of an AS4 access point, each tied to one named test.

Numbers and wording follow the table of the eDelivery digest (§11), one number for each single assertion.
"""

from collections.abc import Callable
from typing import Any

import pytest

ASSERTIONS = {
    "C01": "A user message with one part is pushed and received",
    "C02": "A user message with several parts is pushed and received, in order",
    "C03": "A part may travel uncompressed",
    "C04": "A part travels compressed, said so by its part properties",
    "C05": "The SOAP part may come in any charset of XML",
    "C06": "The original media type is restored",
    "C07": "The signature covers Messaging, Body and every part",
    "C08": "Signature, digest and canonicalization are those of the profile",
    "C09": "The signing certificate travels as a BinarySecurityToken and is referred to",
    "C10": "A part with another digest is refused",
    "C11": "A removed part is refused",
    "C12": "An added part is refused",
    "C13": "Every part is encrypted on its own, with AES-128-GCM and a fresh IV",
    "C14": "RSA-OAEP with SHA-256 for digest and MGF; others are refused",
    "C15": "Every form of key reference is read",
    "C16": "A message for another key is refused",
    "C17": "A flipped bit in an encrypted part is refused",
    "C18": "A part that is not encrypted is refused where the P-Mode asks for it",
    "C19": "The receipt repeats every reference of the signature",
    "C20": "The receipt is signed, and its signature is checked",
    "C21": "The receipt refers to the message; one for another message does not count",
    "C22": "The digests of the receipt are compared with what was sent",
    "C23": "A missing receipt does not count as delivery",
    "C24": "An altered or foreign receipt is refused",
    "C25": "A duplicate is delivered once and acknowledged again with the stored receipt",
    "C26": "So it is after a restart",
    "C27": "A retry keeps its MessageId and its bytes",
    "C28": "Retries pause longer each time",
    "C29": "Retries stop",
    "C30": "A failed delivery is reported",
    "C31": "EBMS:0001 for an unknown party, and understood",
    "C32": "EBMS:0009 for a header that breaks the schema, and understood",
    "C33": "EBMS:0007 for a part that is missing, and understood",
    "C34": "EBMS:0010 where no P-Mode matches, and understood",
    "C35": "EBMS:0011 for a reference that is no cid, and understood",
    "C36": "EBMS:0101 for an untrusted signature, and understood",
    "C37": "EBMS:0102 and EBMS:0103 for decryption and policy, and understood",
    "C38": "EBMS:0303 for what cannot be decompressed, and understood",
    "C39": "An answer is a push of its own that refers to the request",
    "C40": "The answer keeps the conversation",
    "C41": "The four corners are swapped in the answer, and so are From and To",
    "C42": "Message properties keep their type",
    "C43": "The test service is acknowledged and never delivered",
    "C44": "A service or action without P-Mode is refused",
    "C45": "Another message partition channel is refused",
    "C46": "The agreement chooses the P-Mode; an unknown one is refused",
    "C47": "A part of 250 MB goes in and out",
    "C48": "A message of a thousand parts goes in and out",
    "C49": "Too many parts and too many bytes are refused",
    "C50": "A truncated message is refused",
    "C51": "2.0 EdDSA: signature over header and parts, algorithms of the profile",
    "C52": "2.0 EdDSA: X25519 key agreement; another key and a flipped bit are refused",
    "C53": "2.0 EdDSA: receipts",
    "C54": "2.0 ECDSA: signature over header and parts, algorithms of the profile",
    "C55": "2.0 ECDSA: ECDH-ES key agreement; another key and a flipped bit are refused",
    "C56": "2.0 ECDSA: receipts",
}


def assertion(number: str) -> Callable[[Any], Any]:
    """Ties a test to an assertion."""
    assert number in ASSERTIONS
    return pytest.mark.assertion(number)


def table(results: dict[str, tuple[str, str]]) -> str:
    """The table as Markdown; `results` maps the number to test and result."""
    lines = [
        "# AS4 conformance",
        "",
        "Written by the test run (`pytest tests/conformance`, to `build/as4-conformance.md`); copied here.",
        "",
        "| assertion | | test | result |",
        "|---|---|---|---|",
    ]
    for number, text in ASSERTIONS.items():
        test, result = results.get(number, ("", "not run"))
        lines.append(f"| {number} | {text} | `{test}` | {result} |")
    return "\n".join(lines) + "\n"
