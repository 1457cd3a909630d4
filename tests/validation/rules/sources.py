"""The messages that are damaged: the official samples, and our own that fill what those leave out."""

from dataclasses import replace

from lxml import etree

from intermediary import edm, xml
from intermediary.edm.model import EvidenceProviderClassification, Identifier, Text
from tests.edm import examples
from tests.oracles import SAMPLES, kind_of
from tests.validation.test_equivalence import documents

RELEASE = "oots-edm:v1.0"


def sources(kind: str, release: str = RELEASE) -> list[etree._Element]:
    """Messages of one kind, samples first (there are some of 1.0 only). Each is parsed anew."""
    paths = documents(SAMPLES) if release == RELEASE else []
    samples = [xml.parse(path.read_bytes()) for path in paths]
    return [root for root in (*samples, *own(release)) if kind_of(root) == kind]


def own(version: str = RELEASE) -> list[etree._Element]:
    """Our own messages of a version: with companies, representatives, answers to a directory's questions."""
    representative = replace(examples.GIULIA, level_of_assurance="High")
    answer = EvidenceProviderClassification(
        Identifier("0e9d5a1c-7a44-4f44-8f5c-0d5ad1c2c0f1"),
        "http://data.europa.eu/CodeList",
        "https://example.org/districts",
        (Text("The district of the register", "EN"),),
        ("DEF01",),
    )
    company = replace(
        examples.DAIRY, registered_address=examples.ITALIAN_OFFICE.address, level_of_assurance="High"
    )
    about = replace(company, level_of_assurance=None, identifiers=(), registered_address=None)
    main = examples.response(version).packages[0]
    document = replace(main.documents[0], metadata=examples.evidence(version, is_about=about))
    messages = (
        examples.request(version),
        examples.second_request(version),
        examples.request(version, subject=company, authorized_representative=representative),
        examples.request(version, evidence_provider_classifications=(answer,)),
        examples.response(version),
        examples.response(version, response_available_date_time=examples.NOW),
        examples.response(version, packages=(replace(main, documents=(document, *main.documents[1:])),)),
        examples.deferred(version),
        examples.error(version),
        examples.preview_required(version),
    )
    return [xml.parse(edm.write(message)) for message in messages]
