"""Where the recorded vectors are, and the parts that they carry."""

from pathlib import Path

from intermediary import as4

VECTORS = Path(__file__).parent / "vectors"

PARTS: tuple[tuple[as4.Payload, bool], ...] = (
    (
        as4.Payload("edm@a.example", "application/x-ebrs+xml", b"<q:Q  xmlns:q='urn:q' b='2' a=\"1\"/>\n"),
        True,
    ),
    (as4.Payload("xml@a.example", "application/xml", b"<a  c='1'   b='2'><b/>\r\n</a>"), False),
    (as4.Payload("text@a.example", "text/plain", b"1\n2\r\n3\r"), False),
    (as4.Payload("pdf@a.example", "application/pdf", b"%PDF-1.7\r\n" + bytes(range(256))), False),
)
"""A payload, and whether phase4 compressed it."""
