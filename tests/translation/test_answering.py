"""From the national answer to EDM evidence."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from intermediary import edm, translation
from intermediary.edm.codes import DocumentRole
from intermediary.edm.model import EvidencePackage, Identifier, NaturalPerson, Text
from intermediary.national.model import Authority, Format, NationalEvidenceType, Representation
from intermediary.translation import TranslatedEvidence, Untranslatable
from intermediary.xml import parse
from tests.edm import examples
from tests.oracles.official import official_problems, requires_official
from tests.translation.talk import CONTENT, SHIPPED, Ids, answer_to, ask, request_for, shipped_mapping

VEHICLE = shipped_mapping()
VERSIONS = ("oots-edm:v1.0", "oots-edm:v1.1", "oots-edm:v1.2", "oots-edm:v2.0")


def deliver(
    key: str = "fahrzeugregistrierung",
    version: str = "oots-edm:v2.0",
    wanted: str | None = None,
    **changes: Any,
) -> TranslatedEvidence:
    """What becomes of an evidence as the register delivers it."""
    mapping = shipped_mapping(key)
    request = request_for(mapping, version, wanted)
    answer = answer_to(ask(request, mapping), **changes)
    return translation.to_edm(answer, request, mapping, SHIPPED, new_id=Ids())


def only(package: tuple[EvidencePackage, ...]) -> EvidencePackage:
    (found,) = package
    return found


@requires_official
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("key", [m.key for m in SHIPPED.mappings])
def test_every_shipped_mapping_answers_within_the_official_rules(key: str, version: str) -> None:
    evidence = deliver(key, version)
    response = examples.response(version=version, packages=evidence.packages)
    root = parse(edm.write(response))
    assert official_problems(root) == ()
    read = edm.read(root)
    assert isinstance(read, type(response))
    assert {d.content_id for d in read.documents} == {a.content_id for a in evidence.attachments}


def test_metadata_say_whose_what_and_by_whom() -> None:
    validity: dict[str, Any] = {"valid_from": date(2026, 1, 1), "valid_until": date(2027, 1, 1)}
    evidence = deliver(version="oots-edm:v1.2", wanted="application/xml", **validity)
    (document,) = only(evidence.packages).documents
    metadata = document.metadata
    assert metadata is not None
    assert metadata.identifier == Identifier("5ee5c0de-c066-4637-bea3-6e3511ada970")
    assert metadata.is_about == replace(
        examples.GIULIA, level_of_assurance=None, current_address=None, gender=None
    )
    kba = SHIPPED.providers["kba-zfzr"]
    assert metadata.issuing_authority is not None
    assert metadata.issuing_authority.identifier == Identifier(kba.agent_id, kba.agent_scheme)
    assert metadata.evidence_type_classification.startswith("https://sr.oots.tech.ec.europa.eu/")
    assert Text("Vehicle registration", "EN") in metadata.titles
    assert (metadata.issuing_date, metadata.valid_from) == (date(2026, 11, 24), date(2026, 1, 1))
    assert metadata.distribution.conforms_to == (
        "https://sr.oots.tech.ec.europa.eu/datamodels/vehicle-registration-evidence-1.0.0"
    )
    assert metadata.distribution.languages == ("DE",)
    assert evidence.losses == ()
    assert evidence.attachments[0].content == CONTENT["application/xml"]


def test_the_data_model_is_named_as_the_version_names_it() -> None:
    metadata = only(deliver(version="oots-edm:v1.0").packages).documents[0].metadata
    assert metadata is not None
    assert metadata.distribution.conforms_to == (
        "https://sr.oots.tech.europa.eu/distributions/vehicle-registration-evidence-1.0.0"
    )


def test_a_package_has_one_main_evidence_and_bare_companions() -> None:
    package = only(deliver().packages)
    main, companion = package.documents
    assert [d.role for d in package.documents] == [
        DocumentRole.MAIN_EVIDENCE,
        DocumentRole.HUMAN_READABLE_VERSION,
    ]
    assert main.metadata is not None
    assert companion.metadata is not None
    assert (companion.metadata.is_about, companion.metadata.titles) == (None, ())  # R-EDM-RESP-S063
    assert main.metadata.identifier != companion.metadata.identifier
    assert package.id is not None
    assert only(deliver(version="oots-edm:v1.2").packages).id is None


def test_another_language_is_a_translation_and_the_wanted_one_comes_first() -> None:
    forms = tuple(
        Representation(Format("application/pdf", None, language), language.encode())
        for language in ("de", "en")
    )
    assert [d.role for d in only(deliver(representations=forms).packages).documents] == [
        DocumentRole.MAIN_EVIDENCE,
        DocumentRole.TRANSLATION,
    ]
    request = request_for(VEHICLE, wanted="application/pdf")
    form = replace(request.evidence_type.distributed_as[0], languages=("EN",))
    english = replace(request, evidence_type=replace(request.evidence_type, distributed_as=(form,)))
    answer = answer_to(ask(english, VEHICLE), representations=forms)
    evidence = translation.to_edm(answer, english, VEHICLE, SHIPPED, new_id=Ids())
    assert [a.content for a in evidence.attachments] == [b"en", b"de"]


def test_what_nobody_asked_for_is_not_sent() -> None:
    extra = (
        Representation(Format("application/pdf"), b"wanted"),
        Representation(Format("application/pdf", "urn:other"), b"fits any data model"),
        Representation(Format("text/plain"), b"secret"),
    )
    evidence = deliver(wanted="application/pdf", representations=extra)
    assert [a.content for a in evidence.attachments] == [b"wanted", b"fits any data model"]
    assert [loss.place for loss in evidence.losses] == ["NationalEvidence[1]/representation[3]"]


@pytest.mark.parametrize(
    "changes",
    [
        {"representations": ()},
        {"representations": (Representation(Format("text/plain"), b"Rossi"),)},
        {"evidence_type": NationalEvidenceType("urn:de:nachweistyp:other", "1", "Rossi")},
    ],
)
def test_an_answer_of_which_nothing_can_be_sent_is_untranslatable(changes: dict[str, Any]) -> None:
    with pytest.raises(Untranslatable) as refused:
        deliver(**changes)
    assert "Rossi" not in str(refused.value)


def test_an_evidence_without_uuid_gets_one_and_that_is_reported() -> None:
    evidence = deliver(evidence_id="ZFZR-2026-000001")
    metadata = only(evidence.packages).documents[0].metadata
    assert metadata is not None
    assert str(UUID(metadata.identifier.value)) == metadata.identifier.value
    assert [loss.place for loss in evidence.losses] == ["NationalEvidence[1]/evidence_id"]


def test_an_authority_that_is_no_provider_keeps_its_national_id() -> None:
    evidence = deliver(issuing_authority=Authority("urn:de:behoerde:0815", "Zulassungsstelle"))
    metadata = only(evidence.packages).documents[0].metadata
    assert metadata is not None
    assert metadata.issuing_authority is not None
    assert metadata.issuing_authority.identifier == Identifier(
        "urn:de:behoerde:0815", "urn:oasis:names:tc:ebcore:partyid-type:unregistered:DE"
    )
    assert metadata.issuing_authority.names == (Text("Zulassungsstelle", "DE"),)


def test_half_a_validity_period_is_reported() -> None:
    evidence = deliver(valid_from=date(2026, 1, 1))
    metadata = only(evidence.packages).documents[0].metadata
    assert metadata is not None
    assert metadata.valid_from is None
    assert [loss.place for loss in evidence.losses] == ["NationalEvidence[1]/validity"]


def test_a_register_without_pdf_is_rendered_for_people() -> None:
    evidence = deliver("fahrerlaubnis")
    xml, pdf = evidence.attachments
    assert xml.content == CONTENT["application/xml"]
    assert pdf.media_type == "application/pdf"
    assert pdf.content.startswith(b"%PDF")


def test_a_conversion_that_fails_is_reported_and_the_rest_is_sent() -> None:
    broken = (Representation(Format("application/xml"), b"<nachweis>Rossi"),)
    evidence = deliver("fahrerlaubnis", representations=broken)
    assert [a.media_type for a in evidence.attachments] == ["application/xml"]
    (loss,) = evidence.losses
    assert "xml-to-pdf failed: the XML was refused (XML-WELL-FORMED)" in loss.reason
    assert "Rossi" not in loss.reason


def test_content_never_shows_in_repr() -> None:
    evidence = deliver(representations=(Representation(Format("application/pdf"), b"TOP SECRET"),))
    assert "SECRET" not in repr(evidence)


def test_every_content_id_and_document_id_is_its_own() -> None:
    package = only(deliver().packages)
    assert len({d.content_id for d in package.documents} | {d.id for d in package.documents}) == 4
    assert all(d.id.startswith("urn:uuid:") and d.content_id.count("@") == 1 for d in package.documents)
    assert isinstance(package.documents[0].metadata and package.documents[0].metadata.is_about, NaturalPerson)
