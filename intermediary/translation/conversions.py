"""Named conversions of a document's bytes: what a mapping's `conversion` may say. Pure and repeatable.

A conversion never changes what a document says: what it cannot render it refuses (Unconvertible).
"""

import io
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

import reportlab
from lxml import etree
from PIL import Image, ImageSequence, UnidentifiedImageError
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate

from intermediary import xml
from intermediary.mapping.model import Conversion
from intermediary.translation.errors import Unconvertible

_IMAGES = ("JPEG", "PNG", "TIFF")
_PIXELS = 50_000_000
"""A4 at 600 dpi has 35 million; more is an attack or a mistake."""
_PAGES = 50
_LINES = 5_000
_FONT, _BOLD = "Vera", "VeraBd"

Convert = Callable[[bytes, str], bytes]
"""Content and title → content. Raises Unconvertible."""


def identity(content: bytes, _title: str) -> bytes:
    """Bytes pass unchanged."""
    return content


def xml_to_pdf(content: bytes, title: str) -> bytes:
    """Every element of an XML evidence as a line «name: text», indented as it is nested."""
    try:
        root = xml.parse(content)
    except xml.XmlRefused as refused:
        raise Unconvertible(f"the XML was refused ({refused.rule})") from None
    heading = ParagraphStyle("heading", fontName=_bold(), fontSize=14, leading=20, spaceAfter=4 * mm)
    story = [Paragraph(escape(_printable(title)), heading), *_lines(root)]
    out = io.BytesIO()
    SimpleDocTemplate(out, pagesize=A4, invariant=1, title=title, author="", creator="").build(story)
    return out.getvalue()


def image_to_pdf(content: bytes, title: str) -> bytes:
    """A scan as PDF: each image one page of A4, as large as fits."""
    try:
        with Image.open(io.BytesIO(content), formats=_IMAGES) as image:
            return _pages(image, title)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        raise Unconvertible("the image is not readable as JPEG, PNG or TIFF") from None


CONVERSIONS: Mapping[Conversion, Convert] = {
    Conversion.IDENTITY: identity,
    Conversion.XML_TO_PDF: xml_to_pdf,
    Conversion.IMAGE_TO_PDF: image_to_pdf,
}


def _lines(root: etree._Element) -> list[Paragraph]:
    """One paragraph for each element and attribute in document order."""
    found: list[Paragraph] = []
    stack = [(root, 0)]
    while stack:
        node, level = stack.pop()
        if not isinstance(node.tag, str):
            continue  # comments and processing instructions say nothing to a reader
        if len(found) > _LINES:
            raise Unconvertible("the XML is too long to be read by people")
        parts = (node.text or "", *(child.tail or "" for child in node))
        text = " ".join(part.strip() for part in parts if part.strip())
        found.append(_line(etree.QName(node).localname, text, level))
        found += [
            _line(f"@{etree.QName(name).localname}", str(value), level + 1) for name, value in node.items()
        ]
        stack += [(child, level + 1) for child in reversed(node)]
    return found


def _line(name: str, text: str, level: int) -> Paragraph:
    style = ParagraphStyle(
        "line", fontName=_font(), fontSize=9, leading=13, leftIndent=min(level, 20) * 4 * mm
    )
    return Paragraph(
        f'<font name="{_bold()}">{escape(_printable(name))}</font> {escape(_printable(text))}', style
    )


def _printable(text: str) -> str:
    """The text, if the font has every character: a name must not be shown otherwise than it is written."""
    glyphs = pdfmetrics.getFont(_font()).face.charToGlyph
    if any(ord(character) not in glyphs for character in text if not character.isspace()):
        raise Unconvertible("the font lacks a character of the text")
    return text


@cache
def _registered(name: str) -> str:
    folder = Path(reportlab.__file__).parent / "fonts"
    pdfmetrics.registerFont(TTFont(name, str(folder / f"{name}.ttf")))
    return name


def _font() -> str:
    return _registered(_FONT)


def _bold() -> str:
    return _registered(_BOLD)


def _pages(image: Image.Image, title: str) -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    canvas.setTitle(title)
    width, height = A4
    for number, frame in enumerate(ImageSequence.Iterator(image)):
        if number >= _PAGES or frame.width * frame.height > _PIXELS:
            raise Unconvertible("the image has too many pages or pixels")
        page = frame.convert("L" if frame.mode in ("1", "L") else "RGB")
        canvas.drawImage(ImageReader(page), 0, 0, width, height, preserveAspectRatio=True, anchor="c")
        canvas.showPage()
    canvas.save()
    return out.getvalue()
