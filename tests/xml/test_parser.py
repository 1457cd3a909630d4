"""The one hardened parser: what it lets through, and how it says no."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from intermediary.xml import Limits, XmlMalformed, XmlRefused, XmlTooLarge, XmlWithDoctype, parse

SMALL = Limits(bytes=4000, nodes=50, attributes=10, depth=5)


def test_an_ordinary_document_is_read_with_its_line_numbers() -> None:
    root = parse(b"<?xml version='1.0'?>\n<a xmlns='urn:x'>\n<b c='d'>text</b><!-- n --><?p i?></a>")
    assert root.tag == "{urn:x}a"
    assert str(root[0].sourceline) == "3"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_encodings_of_xml_are_understood(encoding: str) -> None:
    text = f"<?xml version='1.0' encoding='{encoding}'?><a>Größe</a>"
    assert parse(text.encode(encoding)).text == "Größe"


@pytest.mark.parametrize(
    "document",
    [
        "<!DOCTYPE a><a/>",
        "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
        "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
        "<!DOCTYPE a [<!ENTITY % b SYSTEM 'http://localhost:1/x'> %b;]><a/>",
        "<!DOCTYPE a [<!ENTITY x 'xxxxxxxxxx'><!ENTITY y '&x;&x;&x;&x;&x;&x;&x;&x;'>]><a>&y;</a>",
        "<?xml version='1.0'?>" + " " * 5000 + "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused_in_any_encoding(document: str, encoding: str) -> None:
    with pytest.raises(XmlWithDoctype) as refused:
        parse(document.encode(encoding))
    assert refused.value.rule == "XML-NO-DOCTYPE"
    assert "DOCTYPE" in refused.value.remedy


@pytest.mark.parametrize(
    "document",
    ["", " ", "a", "<a>", "<a></b>", "<a/><b/>", "<a>&undefined;</a>", "<a b='1' b='2'/>", "<x:a/>"],
)
def test_what_is_not_well_formed_is_refused_without_quoting_it(document: str) -> None:
    with pytest.raises(XmlMalformed) as refused:
        parse(document.encode())
    assert "undefined" not in str(refused.value)


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(XmlMalformed):
        parse(b"<?xml version='1.0' encoding='klingon'?><a/>")


@pytest.mark.parametrize(
    ("document", "word"),
    [
        ("<a>" + "x" * 4000 + "</a>", "bytes"),
        ("<a>" + "<b/>" * 60 + "</a>", "nodes"),
        ("<a>" + "<!---->" * 60 + "</a>", "nodes"),
        ("<a>" + "<b/>x" * 30 + "</a>", "nodes"),
        ("<a " + " ".join(f"b{n}='1'" for n in range(11)) + "/>", "attributes"),
        ("<a>" * 6 + "</a>" * 6, "levels"),
    ],
)
def test_a_document_over_a_limit_is_refused(document: str, word: str) -> None:
    with pytest.raises(XmlTooLarge, match=word):
        parse(document.encode(), SMALL)


def test_a_document_at_the_limits_is_read() -> None:
    parse(("<a>" * 5 + "</a>" * 5).encode(), SMALL)
    parse(("<a " + " ".join(f"b{n}='1'" for n in range(10)) + "/>").encode(), SMALL)
    parse(("<a>" + "<b/>" * 48 + "</a>").encode(), SMALL)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        root = parse(data)
    except XmlRefused as refused:
        assert refused.rule.startswith("XML")
        assert refused.remedy
    else:
        assert isinstance(root, etree._Element)
