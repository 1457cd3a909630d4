"""What the sandbox's registers issue: the same facts as a PDF (A4, text layer) and as XML.

The same sheet always gives the same bytes. Every document carries a marker, so that a test can search logs,
traces and databases for evidence that leaked.
"""

import base64
import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from io import BytesIO
from pathlib import Path

import reportlab
from lxml import etree
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

MARKER = "SBX-EVIDENCE-7Q2M"
"""In every document, readable in its raw bytes; the document's number follows after a hyphen."""

ISSUED = date(2026, 1, 15)
"""All documents bear this date, so that their bytes stay the same."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a document: element name in the XML, label in the PDF, value."""

    name: str
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Section:
    """Some facts under a heading."""

    name: str
    heading: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A document before it has a form; `data_model` is the namespace of its XML, `root` the root element."""

    number: str
    title: str
    authority: str
    data_model: str
    root: str
    sections: tuple[Section, ...]


def leak_patterns() -> tuple[bytes, ...]:
    """Byte strings of which one is in anything that contains a document, also one in base64."""
    marker = MARKER.encode()
    encoded = []
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + marker).rstrip(b"=")
        encoded.append(text[4 if shift else 0 : -1])  # the ends depend on the neighbours
    return (marker, *encoded)


@cache
def xml(sheet: Sheet) -> bytes:
    """The sheet as XML."""

    def tag(name: str) -> str:
        return f"{{{sheet.data_model}}}{name}"

    root = etree.Element(tag(sheet.root), nsmap={None: sheet.data_model})  # type: ignore[dict-item]
    for name, value in (
        ("dokumentnummer", sheet.number),
        ("ausstellungsdatum", ISSUED.isoformat()),
        ("ausstellendeBehoerde", sheet.authority),
    ):
        etree.SubElement(root, tag(name)).text = value
    for section in sheet.sections:
        element = etree.SubElement(root, tag(section.name))
        for fact in section.facts:
            etree.SubElement(element, tag(fact.name)).text = fact.value
    etree.SubElement(root, tag("pruefzeichen")).text = f"{MARKER}-{sheet.number}"
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


@cache
def pdf(sheet: Sheet) -> bytes:
    """The sheet as PDF: one A4 page, embedded fonts, title and language set."""
    _fonts()
    buffer = BytesIO()
    canvas = Canvas(buffer, pagesize=A4, invariant=1, lang="de-DE", pageCompression=1)
    canvas.setTitle(f"{sheet.title} {sheet.number}")
    canvas.setAuthor(sheet.authority)
    canvas.setSubject(sheet.title)
    canvas.setKeywords(f"{MARKER}-{sheet.number}")
    canvas.setCreator("OOTS sandbox")
    width, height = A4
    left, right, line = 25 * mm, width - 20 * mm, height - 25 * mm
    canvas.setFont("Vera", 10)
    canvas.drawString(left, line, sheet.authority)
    canvas.drawRightString(right, line, f"Nr. {sheet.number}")
    canvas.line(left, line - 3 * mm, right, line - 3 * mm)
    line -= 18 * mm
    canvas.setFont("VeraBd", 15)
    canvas.drawString(left, line, sheet.title)
    line -= 6 * mm
    canvas.setFont("Vera", 9)
    canvas.drawString(left, line, f"ausgestellt am {_german(ISSUED)}")
    for section in sheet.sections:
        line -= 13 * mm
        canvas.setFont("VeraBd", 11)
        canvas.drawString(left, line, section.heading)
        for fact in section.facts:
            line -= 6.5 * mm
            canvas.setFont("Vera", 9)
            canvas.drawString(left, line, fact.label)
            canvas.setFont("Vera", 10)
            canvas.drawString(left + 60 * mm, line, _readable(fact.value))
    canvas.setFont("Vera", 8)
    canvas.drawString(
        left, 22 * mm, "Dieses Dokument wurde maschinell erstellt und ist ohne Unterschrift gültig."
    )
    canvas.drawString(left, 17 * mm, "Muster aus einer Testumgebung. Alle Angaben sind erfunden.")
    canvas.drawRightString(right, 17 * mm, f"{MARKER}-{sheet.number}")
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


@cache
def _fonts() -> None:
    """Bitstream Vera comes with reportlab; unlike the PDF base fonts it has letters such as đ."""
    folder = Path(reportlab.__file__).parent / "fonts"
    for name in ("Vera", "VeraBd"):
        pdfmetrics.registerFont(TTFont(name, str(folder / f"{name}.ttf")))


def _readable(value: str) -> str:
    return _german(date.fromisoformat(value)) if re.fullmatch(r"\d{4}-\d\d-\d\d", value) else value


def _german(day: date) -> str:
    return f"{day:%d.%m.%Y}"
