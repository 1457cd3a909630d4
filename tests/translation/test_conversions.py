"""The named conversions: what they make, what they refuse, and that they repeat."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfReader

from intermediary.mapping.model import Conversion
from intermediary.translation.conversions import CONVERSIONS, identity, image_to_pdf, xml_to_pdf
from intermediary.translation.errors import Unconvertible


def picture(kind: str, mode: str = "RGB", pages: int = 1) -> bytes:
    """A small image."""
    out = io.BytesIO()
    frames = [Image.new(mode, (60, 80), n) for n in range(pages)]
    more = {"save_all": True, "append_images": frames[1:]} if pages > 1 else {}
    frames[0].save(out, kind, **more)
    return out.getvalue()


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def test_every_name_that_a_mapping_may_say_has_its_function() -> None:
    assert set(CONVERSIONS) == set(Conversion)


@given(st.binary())
def test_identity_changes_nothing(content: bytes) -> None:
    assert identity(content, "title") == content


def test_all_that_an_xml_says_is_on_the_page() -> None:
    xml = "<a:x xmlns:a='u' art='B &amp; C'><n>Größl-Đorđević</n><!-- no --><m>one<b/>two</m></a:x>".encode()
    with pytest.raises(Unconvertible, match="font lacks"):
        xml_to_pdf("<n>Ελένη</n>".encode(), "Auskunft")
    page = text_of(xml_to_pdf(xml.replace("Đorđević".encode(), b"Smith"), "Auskunft <über> alles"))
    for said in ("Auskunft <über> alles", "x", "@art B & C", "n Größl-Smith", "m one two", "b"):
        assert said in page
    assert "no" not in page.replace("\n", " ").split()


def test_the_same_xml_gives_the_same_bytes() -> None:
    assert xml_to_pdf(b"<a>1</a>", "T") == xml_to_pdf(b"<a>1</a>", "T")


@pytest.mark.parametrize(
    "attack",
    [
        b"",
        b"<a",
        b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
        b"<a>" + b"<b/>" * 6000 + b"</a>",
        b"<a>" * 200 + b"</a>" * 200,
    ],
)
def test_hostile_or_endless_xml_is_refused(attack: bytes) -> None:
    with pytest.raises(Unconvertible):
        xml_to_pdf(attack, "T")


@settings(max_examples=15, deadline=None)
@given(st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_categories=["Cc"]), max_size=60))
def test_no_text_breaks_the_rendering(text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    try:
        assert xml_to_pdf(f"<a>{escaped}</a>".encode(), text).startswith(b"%PDF")
    except Unconvertible as refused:
        assert "font lacks" in str(refused)


@pytest.mark.parametrize(("kind", "mode"), [("JPEG", "RGB"), ("PNG", "RGB"), ("TIFF", "1"), ("TIFF", "L")])
def test_a_scan_becomes_one_page(kind: str, mode: str) -> None:
    pdf = image_to_pdf(picture(kind, mode), "Urkunde")
    assert len(PdfReader(io.BytesIO(pdf)).pages) == 1
    assert pdf == image_to_pdf(picture(kind, mode), "Urkunde")


def test_each_page_of_a_tiff_becomes_a_page() -> None:
    assert len(PdfReader(io.BytesIO(image_to_pdf(picture("TIFF", "L", pages=3), "T"))).pages) == 3


@pytest.mark.parametrize(
    "content", [b"", b"%PDF-1.7", picture("GIF", "L"), picture("PNG")[:40], picture("TIFF", "L", pages=60)]
)
def test_what_is_no_scan_is_refused(content: bytes) -> None:
    with pytest.raises(Unconvertible):
        image_to_pdf(content, "T")
