"""Whatever a directory may say survives writing and reading; what the double says is officially valid."""

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intermediary import publishing
from intermediary.directory import DirectoryUnwritable, QueryId, Service, read_answer, renamed, write_answer
from intermediary.directory.codes import JurisdictionLevel, RefusalCode
from intermediary.directory.model import (
    AccessService,
    AdditionalInput,
    Address,
    Answer,
    ClassificationConcept,
    DataServiceEvidenceType,
    Distribution,
    EvidenceProvider,
    EvidenceType,
    EvidenceTypeList,
    Jurisdiction,
    JurisdictionDetermination,
    PartyId,
    ReferenceFramework,
    Refusal,
    Requirement,
    Text,
)
from intermediary.mapping import load
from intermediary.sandbox.common_services import answer
from intermediary.shipped import shipped
from tests.directory.double import DAY
from tests.directory.official import problems
from tests.directory.samples import requires_samples

IDS = [UUID(int=n) for n in range(1, 99)]
_NAME = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=12)
_TEXT = st.builds(
    Text, st.lists(_NAME, min_size=1, max_size=3).map(" ".join), st.sampled_from(["EN", "DE", "EL"])
)
_TEXTS = st.lists(_TEXT, max_size=2).map(tuple)
_SAID = st.lists(_TEXT, min_size=1, max_size=2).map(tuple)
_MAYBE = st.none() | _NAME
_PLACE = st.builds(Jurisdiction, _NAME, _MAYBE, _MAYBE)


def _several(values: st.SearchStrategy[object], least: int = 0) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(values, min_size=least, max_size=2).map(tuple)


_TYPE = st.builds(EvidenceType, _NAME, _SAID, _TEXTS, _several(_PLACE), _several(_NAME))
_LIST = st.builds(EvidenceTypeList, _NAME, _several(_TYPE), _TEXTS, st.none() | _PLACE)
_FRAMEWORK = st.builds(ReferenceFramework, _NAME, _several(_NAME), st.none() | _PLACE, _TEXTS, _TEXTS)
_REQUIREMENT = st.builds(Requirement, _NAME, _SAID, _TEXTS, _several(_FRAMEWORK), _several(_LIST))
_PARTY = st.builds(PartyId, _NAME, st.just("") | _NAME)
_CONCEPT = st.builds(ClassificationConcept, _NAME, st.just("") | _NAME, _MAYBE, _TEXTS)
_ABLE = st.builds(
    ClassificationConcept, _NAME, _NAME, _MAYBE, _TEXTS, _several(_NAME, 1),
    st.sampled_from(["StringValue", "DateValue", "BooleanValue"]),
)  # fmt: skip
_ADDRESS = st.builds(Address, _NAME, _MAYBE, _MAYBE, _MAYBE, _MAYBE, _MAYBE, _MAYBE)
_PROVIDER = st.builds(EvidenceProvider, _PARTY, _SAID, _ADDRESS, _PLACE, _several(_ABLE))
_ACCESS = st.builds(AccessService, _PARTY, _several(_NAME, 1), _PROVIDER, _TEXTS)
_DETERMINATION = st.builds(JurisdictionDetermination, _NAME, _SAID, st.sampled_from(JurisdictionLevel))
_FORM = st.builds(Distribution, _NAME, _MAYBE, _MAYBE, _several(_NAME))
_SERVICE = st.builds(
    DataServiceEvidenceType, _NAME, _NAME, _SAID, _several(_FORM), _TEXTS, _several(_ACCESS), _MAYBE,
    st.none() | _DETERMINATION, _several(_CONCEPT),
)  # fmt: skip
_INPUT = st.builds(AdditionalInput, _SERVICE, _DETERMINATION, _several(_CONCEPT))
_ASKING = st.builds(
    Refusal, st.just(RefusalCode.DSD_MORE_NEEDED.value), _NAME, st.just("ObjectNotFoundExceptionType"), _NAME,
    _MAYBE, _INPUT,
)  # fmt: skip
_REFUSAL = st.builds(Refusal, st.just("EB:ERR:0001"), _NAME, _NAME, _NAME, _MAYBE)
_ANSWER = st.one_of(
    st.builds(Answer, st.just("oots-cs:v2.0"), _several(_REQUIREMENT, 1)),
    st.builds(Answer, st.none() | _NAME, st.just(()), _several(_SERVICE, 1)),
    st.builds(Answer, st.none() | _NAME, st.just(()), st.just(()), _several(_ASKING | _REFUSAL, 1)),
)


@settings(max_examples=80, deadline=None)
@given(_ANSWER)
def test_what_is_written_is_read_again(said: Answer) -> None:
    assert read_answer(write_answer(said, IDS)) == said


def test_what_xml_cannot_express_is_refused() -> None:
    with pytest.raises(DirectoryUnwritable):
        write_answer(Answer(requirements=(Requirement("r", (Text("\x00"),)),)), IDS)


@requires_samples
def test_answers_of_the_double_in_1_0_are_officially_valid() -> None:
    mappings = load(shipped("mappings"))
    ours = renamed(publishing.publication(mappings, DAY), publishing.spelling_of_1_0(mappings))
    asked = [("country-code", "DE")]
    found = answer([ours], Service.EVIDENCE_BROKER, [("queryId", QueryId.REQUIREMENTS), *asked])
    assert found.requirements
    assert problems("EB-REQ", write_answer(found, IDS)) == []
    for each in ours.requirements:
        query = [("queryId", QueryId.EVIDENCE_TYPES), ("requirement-id", each.identifier), *asked]
        assert problems("EB-EVI", write_answer(answer([ours], Service.EVIDENCE_BROKER, query), IDS)) == []
    kinds = set()
    for service in ours.services:
        wanted = ("evidence-type-classification", service.classification)
        query = [("queryId", QueryId.DATA_SERVICES), wanted, *asked]
        said = answer([ours], Service.DATA_SERVICE_DIRECTORY, query)
        kind = "DSD-ERR" if said.refused else "DSD-RESP"
        kinds.add(kind)
        assert problems(kind, write_answer(said, IDS)) == []
    assert kinds == {"DSD-ERR", "DSD-RESP"}


@requires_samples
@pytest.mark.parametrize(
    ("service", "query", "code"),
    [
        ("eb", [], "EB:ERR:0003"),
        ("eb", [("queryId", "x")], "EB:ERR:0007"),
        ("eb", [("queryId", QueryId.DATA_SERVICES)], "EB:ERR:0007"),
        ("eb", [("queryId", QueryId.REQUIREMENTS), ("procedure-id", "Q1")], "EB:ERR:0005"),
        ("eb", [("queryId", QueryId.REQUIREMENTS), ("country-code", "XX")], "EB:ERR:0006"),
        ("eb", [("queryId", QueryId.REQUIREMENTS), ("colour", "red")], "EB:ERR:0003"),
        (
            "eb",
            [("queryId", QueryId.REQUIREMENTS), ("country-code", "DE"), ("country-code", "IT")],
            "EB:ERR:0003",
        ),
        ("eb", [("queryId", QueryId.REQUIREMENTS), ("country-code", "DE")], "EB:ERR:0001"),
        ("eb", [("queryId", QueryId.EVIDENCE_TYPES)], "EB:ERR:0003"),
        ("eb", [("queryId", QueryId.EVIDENCE_TYPES), ("requirement-id", "x")], "EB:ERR:0002"),
        ("dsd", [], "DSD:ERR:0003"),
        ("dsd", [("queryId", "x")], "DSD:ERR:0004"),
        ("dsd", [("queryId", QueryId.DATA_SERVICES), ("country-code", "DE")], "DSD:ERR:0003"),
        (
            "dsd",
            [
                ("queryId", QueryId.DATA_SERVICES),
                ("country-code", "DE"),
                ("evidence-type-classification", "x"),
            ],
            "DSD:ERR:0002",
        ),
    ],
)
def test_every_refusal_of_the_interface_is_given(
    service: str, query: list[tuple[str, str]], code: str
) -> None:
    said = answer([], Service(service), query)
    assert [refusal.code for refusal in said.refusals] == [code]
    assert problems("EB-ERR" if service == "eb" else "DSD-ERR", write_answer(said, IDS)) == []
