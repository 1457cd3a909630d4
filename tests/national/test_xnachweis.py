"""The XNachweis-shaped codec against its schema, against itself, and against those who mean harm."""

import base64
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from intermediary.national import NationalUnreadable, NationalUnwritable
from intermediary.national.model import (
    Authority,
    Format,
    NationalAnswer,
    NationalEvidence,
    NationalEvidenceType,
    NationalLegalPerson,
    NationalNaturalPerson,
    NationalRequest,
    Outcome,
    Purpose,
    Representation,
)
from intermediary.national.xnachweis import (
    INLINE_LIMIT,
    NAMESPACE,
    Answer,
    Attachment,
    Head,
    pack,
    read_answer,
    read_head,
    read_request,
    reply_head,
    unpack,
    write_answer,
    write_request,
)
from intermediary.xml import XmlRefused, parse
from tests.national import messages

SCHEMA = etree.XMLSchema(file=str(Path(__file__).parents[2] / "xsd/xnachweis/1/xnachweis.xsd"))
X = {"x": NAMESPACE}
PLATFORM = Authority("ip-de", "Intermediäre Plattform", "ip")
KBA = Authority("kba", "Kraftfahrt-Bundesamt")
VEHICLE = NationalEvidenceType("urn:de:nachweistyp:fahrzeugregistrierung", "1.0", "Fahrzeugschein")
REQUEST = NationalRequest(
    message_id="m-1",
    request_id="r-1",
    conversation_id="c-1",
    issued_at=datetime(2026, 3, 1, 12, tzinfo=UTC),
    sender=PLATFORM,
    recipient=KBA,
    evidence_type=VEHICLE,
    purpose=Purpose("99050012001000", "Art. 14 SDG-VO", "V2"),
    level_of_assurance="Substantial",
    explicit_request=True,
    preview_by_consumer=False,
    formats=(Format("application/pdf"),),
    subject=NationalNaturalPerson(
        "Müller", "Änne", date(1980, 5, 17), eidas_id="SE/DE/1", eidas_country="SE"
    ),
    additional=(("licence_plate", "B AB 1234"),),
)
HEAD = reply_head(REQUEST, "m-2", datetime(2026, 3, 1, 12, 1, tzinfo=UTC))
PDF = Representation(Format("application/pdf"), b"%PDF-1.7 evidence")
EVIDENCE = NationalEvidence("n-1", VEHICLE, KBA, date(2026, 2, 1), (PDF,))
DELIVERED = NationalAnswer("r-1", Outcome.DELIVERED, (EVIDENCE,))


def assert_valid(root: etree._Element) -> None:
    SCHEMA.assertValid(root.getroottree())


def rules(refused: pytest.ExceptionInfo[NationalUnreadable]) -> set[str]:
    return {problem.rule for problem in refused.value.problems}


# --- round trips


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(messages.requests)
def test_every_request_is_valid_and_reads_back(request: NationalRequest) -> None:
    root = parse(write_request(request))
    assert_valid(root)
    assert read_request(root) == request


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(messages.answers, messages.heads, st.sampled_from((0, 40, INLINE_LIMIT)))
def test_every_answer_is_valid_and_reads_back_through_http(
    answer: NationalAnswer, head: Head, limit: int
) -> None:
    written = write_answer(answer, head, inline_limit=limit)
    xml, attachments = unpack(*pack(written.xml, written.attachments))
    root = parse(xml)
    assert_valid(root)
    assert attachments == written.attachments
    assert read_answer(root, attachments) == answer
    assert read_head(root) == head


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(min_size=1).map(lambda b: b"\r\n--nachweis-" + b), min_size=1, max_size=3))
def test_attachments_may_look_like_boundaries(contents: list[bytes]) -> None:
    parts = tuple(Attachment(f"a{n}", "application/pdf", content) for n, content in enumerate(contents))
    assert unpack(*pack(b"<a/>", parts)) == (b"<a/>", parts)


def test_content_beyond_the_inline_limit_travels_beside_the_message() -> None:
    large = Representation(Format("application/pdf"), b"x" * (INLINE_LIMIT // 4 * 3))
    answer = NationalAnswer(
        "r-1", Outcome.DELIVERED, (NationalEvidence("n", VEHICLE, KBA, date.min, (large, PDF)),)
    )
    written = write_answer(answer, HEAD)
    assert [len(a.content) for a in written.attachments] == [len(PDF.content)]
    assert read_answer(parse(written.xml), written.attachments) == answer


def test_white_space_of_a_pretty_printer_is_no_part_of_a_value() -> None:
    root = parse(write_request(REQUEST))
    name = root.find(".//x:familienname", X)
    assert name is not None
    name.text = "\n  van \t der\n Müller "
    assert_valid(root)
    subject = read_request(root).subject
    assert isinstance(subject, NationalNaturalPerson)
    assert subject.family_name == "van der Müller"


def test_a_comment_inside_a_value_does_not_cut_it_short() -> None:
    xml = write_request(REQUEST).replace("Müller".encode(), "Mü<!-- x -->ller".encode())
    assert read_request(parse(xml)) == REQUEST


def test_personal_data_are_in_no_repr_and_no_error() -> None:
    root = parse(write_request(REQUEST).replace(b"1980-05-17", b"17.05.1980"))
    with pytest.raises(NationalUnreadable) as refused:
        read_request(root)
    for text in (repr(REQUEST), repr(DELIVERED), str(refused.value), repr(refused.value.problems)):
        assert "Müller" not in text
        assert "17.05.1980" not in text
        assert "evidence'" not in text
    problem = refused.value.problems[0]
    assert problem.place == "/nachweisanfrage/person/natuerlich/geburtsdatum"
    assert problem.line is not None


# --- what the schema refuses


def mutants() -> list[tuple[str, bytes]]:
    """Each valid message with one thing wrong: an element gone, renamed, doubled, emptied, or swapped."""
    found = []
    later = NationalAnswer("r-1", Outcome.LATER, available_at=datetime(2026, 3, 2, tzinfo=UTC))
    failed = NationalAnswer("r-1", Outcome.FAILED, code="DB-1", reason="x")
    company = NationalLegalPerson("ACME", (("euid", "DE1"), ("wid", "2")))
    sources = [
        write_request(REQUEST),
        write_request(replace(REQUEST, subject=company)),
        *(write_answer(a, HEAD).xml for a in (DELIVERED, later, failed)),
        write_answer(DELIVERED, HEAD, inline_limit=0).xml,
    ]
    optional = {
        "verfahrenEU",
        "komponente",
        "eidas",
        "kennung",
        "land",
        "zusatzangaben",
        "nachweis",
        "format",
    }
    optional |= {"text", "euid", "weitereKennung"}
    may_be_empty = {"eidas", "geliefert", "anlage"}
    for source in sources:
        for index, element in enumerate(parse(source).iter()):
            if index == 0:
                continue
            name = etree.QName(element).localname

            def mutate(kind: str, source: bytes = source, index: int = index) -> bytes:
                root = parse(source)
                target = list(root.iter())[index]
                parent = target.getparent()
                assert parent is not None
                if kind == "gone":
                    parent.remove(target)
                elif kind == "renamed":
                    target.tag = f"{{{NAMESPACE}}}unbekannt"
                elif kind == "foreign":
                    target.tag = f"{{urn:x}}{etree.QName(target).localname}"
                elif kind == "emptied":
                    for child in list(target):
                        target.remove(child)
                    target.text = " "
                else:
                    target.set("extra", "1")
                return etree.tostring(root)

            kinds = ["renamed", "foreign", "attribute"]
            kinds += ["gone"] if name not in optional else []
            kinds += ["emptied"] if name not in may_be_empty else []
            found += [(f"{name} {kind}", mutate(kind)) for kind in kinds]
    return found


def test_the_schema_refuses_every_mutant() -> None:
    made = mutants()
    assert len(made) > 300
    assert [name for name, xml in made if SCHEMA.validate(parse(xml).getroottree())] == []


def test_the_reader_alone_either_reads_or_refuses_every_mutant() -> None:
    for _, xml in mutants():
        root = parse(xml)
        read = read_request if root.tag.endswith("anfrage") else read_answer
        try:
            read(root)
        except NationalUnreadable as refused:
            assert all(p.rule.startswith("XN-") and p.remedy for p in refused.problems)


# --- hostile answers


@pytest.mark.parametrize(
    "xml",
    [
        b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>',
        b"<nachweislieferung>",
        b"",
        b"<a>" * 200 + b"</a>" * 200,
    ],
)
def test_hostile_xml_does_not_reach_the_reader(xml: bytes) -> None:
    with pytest.raises(XmlRefused):
        parse(xml)


def delivered(**changes: str) -> etree._Element:
    """A delivery whose content element is replaced: `inhalt` text or `href`."""
    root = parse(write_answer(DELIVERED, HEAD, inline_limit=0 if "href" in changes else INLINE_LIMIT).xml)
    if "href" in changes:
        reference = root.find(".//x:anlage", X)
        assert reference is not None
        reference.set("href", changes["href"])
    else:
        content = root.find(".//x:inhalt", X)
        assert content is not None
        content.text = changes["inhalt"]
    return root


@pytest.mark.parametrize(
    ("content", "rule"), [("QUJD!", "XN-BASE64"), ("QUJ", "XN-BASE64"), ("", "XN-EMPTY")]
)
def test_content_that_is_not_base64_is_refused(content: str, rule: str) -> None:
    with pytest.raises(NationalUnreadable) as refused:
        read_answer(delivered(inhalt=content))
    assert rules(refused) == {rule}


def test_base64_may_be_wrapped_in_lines() -> None:
    text = base64.encodebytes(b"x" * 300).decode()
    assert read_answer(delivered(inhalt=text)).evidences[0].representations[0].content == b"x" * 300


def test_too_much_inline_content_is_refused() -> None:
    with pytest.raises(NationalUnreadable) as refused:
        read_answer(delivered(inhalt="A" * (INLINE_LIMIT + 4)))
    assert rules(refused) == {"XN-INLINE"}


PART = Attachment("a@b", "application/pdf", b"%PDF")


@pytest.mark.parametrize(
    ("href", "parts", "rule"),
    [
        ("cid:a@b", (), "XN-ATTACHMENT-MISSING"),
        ("cid:c@b", (PART,), "XN-ATTACHMENT-MISSING"),
        ("CID:a@b", (PART,), "XN-ATTACHMENT-MISSING"),
        ("https://evil.example/a@b", (PART,), "XN-ATTACHMENT-MISSING"),
        ("file:///etc/passwd", (PART,), "XN-ATTACHMENT-MISSING"),
        ("cid:a@b", (PART, PART), "XN-ATTACHMENT-TWICE"),
        ("cid:a@b", (PART, Attachment("z", "text/html", b"x")), "XN-ATTACHMENT-UNUSED"),
        ("cid:a@b", (Attachment("a@b", "text/html", b"<script>"),), "XN-ATTACHMENT-TYPE"),
        ("cid:a@b", (Attachment("a@b", "application/pdf", b""),), "XN-EMPTY"),
    ],
)
def test_references_and_attachments_match_one_to_one(
    href: str, parts: tuple[Attachment, ...], rule: str
) -> None:
    with pytest.raises(NationalUnreadable) as refused:
        read_answer(delivered(href=href), parts)
    assert rule in rules(refused)


def test_one_attachment_is_not_two_documents() -> None:
    twice = NationalEvidence("n-1", VEHICLE, KBA, date(2026, 2, 1), (PDF, PDF))
    written = write_answer(NationalAnswer("r-1", Outcome.DELIVERED, (twice,)), HEAD, inline_limit=0)
    first, second = written.attachments
    xml = written.xml.replace(second.content_id.encode(), first.content_id.encode())
    with pytest.raises(NationalUnreadable) as refused:
        read_answer(parse(xml), (first,))
    assert rules(refused) == {"XN-ATTACHMENT-TWICE"}


def test_evidence_without_delivery_and_delivery_without_evidence_are_refused() -> None:
    xml = write_answer(DELIVERED, HEAD).xml
    with pytest.raises(NationalUnreadable) as refused:
        read_answer(parse(xml.replace(b"<geliefert/>", b"<nichtGefunden/>")))
    assert rules(refused) == {"XN-OUTCOME"}
    bare = write_answer(NationalAnswer("r-1", Outcome.NOT_FOUND), HEAD).xml
    with pytest.raises(NationalUnreadable) as refused:
        read_answer(parse(bare.replace(b"<nichtGefunden/>", b"<geliefert/>")))
    assert rules(refused) == {"XN-OUTCOME"}


def test_an_answer_is_not_a_request() -> None:
    with pytest.raises(NationalUnreadable) as refused:
        read_request(parse(write_answer(DELIVERED, HEAD).xml))
    assert rules(refused) == {"XN-ROOT"}


# --- hostile multipart bodies

KIND = 'multipart/related; type="application/xml"; start="<m>"; boundary="b"'
MESSAGE = b"--b\r\nContent-Type: application/xml\r\nContent-ID: <m>\r\n\r\n<a/>\r\n"
BESIDE = b"--b\r\nContent-Type: application/pdf\r\nContent-ID: <p>\r\n\r\n%PDF\r\n"


def test_a_plain_multipart_body_is_read() -> None:
    expected = (b"<a/>", (Attachment("p", "application/pdf", b"%PDF"),))
    assert unpack(KIND, MESSAGE + BESIDE + b"--b--\r\n") == expected


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (KIND, b""),
        (KIND, b"--b--"),
        (KIND, MESSAGE),
        (KIND, MESSAGE + BESIDE + b"--b--trailing"),
        (KIND, MESSAGE + b"--b \r\n\r\nx\r\n--b--"),
        (KIND, MESSAGE + b"--b\r\nContent-Type: application/pdf\r\n\r\nx\r\n--b--"),
        (KIND, MESSAGE + b"--b\r\nContent-ID: <a>\r\nContent-ID: <b>\r\n\r\nx\r\n--b--"),
        (KIND, MESSAGE + b"--b\r\nContent-ID: <a>\r\n folded\r\n\r\nx\r\n--b--"),
        (KIND, MESSAGE + b"--b\r\nContent-ID: <../../a>\r\n\r\nx\r\n--b--"),
        (KIND, MESSAGE + b"--b\r\nContent-ID: <a>\r\nContent-Transfer-Encoding: base64\r\n\r\nx\r\n--b--"),
        (KIND, MESSAGE + b"--b\r\nno headers\r\n--b--"),
        (KIND, BESIDE + b"--b--"),
        (KIND, MESSAGE + BESIDE * 300 + b"--b--"),
        (KIND.replace("<m>", "<p>"), MESSAGE + BESIDE + b"--b--"),
        ("multipart/related", MESSAGE + b"--b--"),
        ('multipart/related; boundary="\u00e4"', MESSAGE + b"--b--"),
        ("text/html", b"<html/>"),
        ("", b"<a/>"),
    ],
)
def test_a_malformed_body_is_refused(kind: str, body: bytes) -> None:
    with pytest.raises(NationalUnreadable) as refused:
        unpack(kind, body)
    assert rules(refused) <= {"XN-MULTIPART", "XN-CONTENT-TYPE"}


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200) | st.text("-b\r\n:<>aContent-ID ", max_size=200).map(str.encode))
def test_any_body_is_read_or_refused(body: bytes) -> None:
    try:
        unpack(KIND, body)
    except NationalUnreadable:
        return
    assert b"--b" in body


# --- what cannot be said


def test_a_value_that_xml_cannot_carry_is_not_written() -> None:
    with pytest.raises(NationalUnwritable) as refused:
        write_request(replace(REQUEST, additional=(("licence_plate", "B\0AB"),)))
    assert refused.value.problems[0].place == "/nachweisanfrage/zusatzangaben/wert"


@pytest.mark.parametrize(
    "answer",
    [
        NationalAnswer("r", Outcome.DELIVERED),
        NationalAnswer("r", Outcome.NOT_FOUND, (EVIDENCE,)),
        NationalAnswer("r", Outcome.LATER),
        NationalAnswer("r", Outcome.LATER, available_at=datetime(2026, 1, 1)),
    ],
)
def test_an_answer_that_contradicts_itself_is_not_written(answer: NationalAnswer) -> None:
    with pytest.raises(NationalUnwritable):
        write_answer(answer, HEAD)


def test_levels_of_assurance_come_as_code_or_as_uri() -> None:
    uri = write_request(replace(REQUEST, level_of_assurance="http://eidas.europa.eu/LoA/substantial"))
    assert uri == write_request(REQUEST)
    with pytest.raises(NationalUnwritable):
        write_request(replace(REQUEST, level_of_assurance="some"))


def test_a_written_answer_shows_no_content() -> None:
    assert "evidence" not in repr(write_answer(DELIVERED, HEAD)) + repr(Answer(b"evidence"))
