"""Our schemas and the published ones give the same verdict, on every sample and on damaged copies of them."""

import os
from collections import Counter
from pathlib import Path

import pytest
from lxml import etree

from intermediary import xml
from intermediary.validation import Validator
from tests.oracles import OOTS, SAMPLES, XSD, mutants, official_schema, requires_official

MUTANTS = int(os.environ.get("MUTANTS", "3000"))
"""How many damaged messages are compared; set it to 100000 for a night."""
FRAGMENTS = {"snippets", "evidence"}
COMMON_SERVICES = OOTS.parent / "common-services" / "samples"
XS = "{http://www.w3.org/2001/XMLSchema}"

pytestmark = requires_official


def documents(*folders: Path) -> list[Path]:
    """Whole RegRep messages, no fragments and no ebMS headers."""
    return sorted(
        path
        for folder in folders
        for path in folder.rglob("*.xml")
        if not FRAGMENTS & set(path.parts) and "header" not in path.name.lower()
    )


ALL = documents(SAMPLES, OOTS / "1.2" / "samples", COMMON_SERVICES)


@pytest.fixture(scope="module")
def validator() -> Validator:
    return Validator(XSD)


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_every_official_sample_gets_the_verdict_of_the_published_schemas(
    path: Path, validator: Validator
) -> None:
    root = xml.parse(path.read_bytes())
    assert validator.check(root, "oots-edm:v1.0").ok == official_schema().validate(root)


def test_there_are_samples_of_every_kind_to_compare() -> None:
    roots = Counter(etree.QName(xml.parse(path.read_bytes())).localname for path in ALL)
    assert {"QueryRequest", "QueryResponse", "SubmitObjectsRequest", "RegistryResponse"} <= set(roots)


def test_damaged_messages_are_accepted_or_refused_by_both(validator: Validator) -> None:
    verdicts: Counter[bool] = Counter()
    each = -(-MUTANTS // len(ALL))
    for seed, path in enumerate(ALL):
        for damage, mutant in mutants(xml.parse(path.read_bytes()), seed, each):
            root = xml.parse(etree.tostring(mutant))
            theirs = official_schema().validate(root)
            assert validator.check(root, "oots-edm:v1.0").ok == theirs, f"{path.name}, seed {seed}: {damage}"
            verdicts[theirs] += 1
    # A comparison in which one side of the verdict hardly occurs would prove nothing.
    assert min(verdicts[True], verdicts[False]) > sum(verdicts.values()) / 10


def test_what_an_older_release_accepts_a_newer_one_accepts(validator: Validator) -> None:
    releases = ("oots-edm:v1.0", "oots-edm:v1.1", "oots-edm:v1.2", "oots-edm:v2.0")
    each = -(-MUTANTS // 4 // len(ALL))
    for seed, path in enumerate(ALL, 1_000):
        for damage, mutant in mutants(xml.parse(path.read_bytes()), seed, each):
            accepted = [validator.check(mutant, release).ok for release in releases]
            assert accepted == sorted(accepted), f"{path.name}, seed {seed}: {damage}"


def declared(tag: str, *paths: Path) -> set[str]:
    """Names of the top-level declarations of schemas, with their namespaces."""
    schemas = [etree.parse(path).getroot() for path in paths]
    return {
        f"{{{schema.get('targetNamespace')}}}{each.get('name')}"
        for schema in schemas
        for each in schema.iterfind(f"{XS}{tag}")
    }


@pytest.mark.parametrize("tag", ["element", "complexType", "simpleType"])
def test_the_same_elements_may_stand_in_slots_and_the_same_types_be_named(tag: str) -> None:
    regrep = [f"{name}.xsd" for name in ("rim", "rs", "query", "lcm")]
    folder = OOTS / "1.0" / "xsd"
    published = declared(tag, *(folder / "regrep4" / name for name in regrep), *folder.glob("sdg/*.xsd"))
    ours = declared(
        tag,
        *(XSD / "regrep" / "4.0" / name for name in regrep),
        XSD / "sdg" / "stable.xsd",
        XSD / "sdg" / "1.0" / "sdg.xsd",
    )
    assert ours == published


@pytest.mark.parametrize("path", documents(OOTS / "1.2" / "samples"), ids=lambda path: path.name)
def test_the_1_2_samples_are_accepted_once_their_slip_is_mended(path: Path, validator: Validator) -> None:
    mended = path.read_bytes().replace(b"xsi:lang", b"xml:lang")
    assert validator.check(xml.parse(mended), "oots-edm:v1.2").findings == ()
