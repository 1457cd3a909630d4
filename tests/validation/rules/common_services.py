"""Our rules of the Common Services beside the official ones, on samples and damaged messages.

The tables say where we differ and why the official rule is wrong; nothing else may pass.
"""

# ruff: noqa: E501 - tables are easier to read unbroken

import copy
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, islice
from threading import Lock
from types import MappingProxyType
from typing import Any, Final, cast

from lxml import etree

from intermediary import xml
from intermediary.validation.releases.kinds import KINDS as ALL_KINDS
from intermediary.validation.releases.kinds import kind_of_message
from intermediary.validation.releases.schematron import SEPARATOR, CompiledSchematron, compile_schematron
from intermediary.validation.rules import Rule
from intermediary.validation.rules.lcm import common_services_rules
from intermediary.validation.rules.predicates import SLOT, XSI_TYPE, clark
from intermediary.validation.wording import PREFIXES
from tests.oracles import OOTS, mutants
from tests.oracles.mutants import DAMAGES, Damage, Nodes
from tests.oracles.official import _saxon
from tests.validation.rules.aimed import aimed
from tests.validation.rules.comparison import Tally
from tests.validation.rules.differences import Difference

COMMON: Final = OOTS.parent / "common-services"
KINDS: Final = tuple(kind for kind in ALL_KINDS if not kind.startswith("EDM"))
_PER_RULE: Final = 4

_NEVER: Final = (
    "The official rule can never fail; its text is checked, as a warning, so that no message is refused that "
    "the official validator accepts. "
)
_BEHIND: Final = _NEVER + "It stands behind a rule with the same context in the same pattern."
_NAMESPACE: Final = _NEVER + "Its context or test has names of no namespace."
_SUM: Final = _NEVER + "It counts a truth value, so the sum is always one."
_TABULATOR: Final = (
    "The list has image/svg+xml with a tabulator before it, so the media type itself is refused."
)
_SEVERAL: Final = (
    "The data model allows several supported values; the official expression ends in a dynamic error on them."
)
_COLLECTION: Final = _NEVER + "Its context lacks rim:Element, in which alone a collection holds anything."
_EMPTY_TYPE: Final = "The list of types has an empty one (two separators in a row), so an empty type passes."

DIFFERENCES: Final[Mapping[tuple[str, str], Difference]] = MappingProxyType(
    {
        ("EB-REQ", "R-EB-REQ-S012"): Difference(_BEHIND, ours=True),
        ("EB-EVI", "R-EB-EVI-S010"): Difference(_BEHIND, ours=True),
        ("EB-ERR", "R-EB-ERR-010"): Difference(_EMPTY_TYPE, ours=True),
        ("DSD-ERR", "R-DSD-ERR-C017"): Difference(_EMPTY_TYPE, ours=True),
        **{("EB-SUB", f"EB-SUB-S{n:03}"): Difference(_NAMESPACE, ours=True) for n in (14, 15, 16, 17)},
        **{("EB-SUB", f"EB-SUB-S{n:03}"): Difference(_BEHIND, ours=True) for n in (22, 23, 24, 25)},
        ("EB-SUB", "EB-SUB-S030"): Difference(_SUM, ours=True),
        ("DSD-SUB", "R-DSD-SUB-S022"): Difference(_SUM, ours=True),
        **{("DSD-SUB", f"R-DSD-SUB-S{n:03}"): Difference(_BEHIND, ours=True) for n in (25, 26, 27)},
        ("DSD-SUB", "R-DSD-SUB-C007"): Difference(_TABULATOR, ours=True, theirs=True),
        ("DSD-RESP", "R-DSD-RESP-C009"): Difference(_TABULATOR, ours=True, theirs=True),
        ("DSD-SUB", "R-DSD-SUB-C036"): Difference(_SEVERAL, theirs=True),
        ("DSD-RESP", "R-DSD-RESP-C028"): Difference(_SEVERAL, theirs=True),
        ("DSD-ERR", "R-DSD-RESP-S008"): Difference(_BEHIND, ours=True),
        **{
            ("DSD-ERR", f"R-DSD-ERR-C{n:03}"): Difference(_COLLECTION, ours=True, theirs=True)
            for n in (5, 6, 7, 8, 9)
        },
        ("LCM-ERR", "R-LCM-SUC-008"): Difference(_NAMESPACE, ours=True),
        **{
            ("LCM-ERR", rule): Difference(_NAMESPACE, ours=True)
            for rule in (
                *("R-LCM-ERR-009", "R-LCM-010", "R-LCM-ERR-011", "R-LCM-012", "R-LCM-ERR-013", "R-LCM-014"),
                *("R-LCM-ERR-015", "R-LCM-016", "R-LCM-SUC-017"),
            )
        },
    }
)
"""(kind, rule) to who speaks alone, and why."""

TYPED: Final = frozenset({"typed", "classified", "some_association"})
"""Checks that look at xsi:type: the official rules compare its text, ours the type that it names."""
_TYPED_RULES: Final = frozenset({"R-DSD-SUB-S024", "R-DSD-SUB-S025", "R-DSD-SUB-S026", "R-DSD-SUB-S027"})

_VALUES: Final = (
    "EN", "en", "XX", "DE", "de", "DEU", "", " ", "R1", "00", "Z9", "High", "high", "Country", "NUTS4", "LAU",
    "application/pdf", "application/xml", "application/json", "image/svg+xml", "\timage/svg+xml", "text/plain",
    "oots-edm:v1.0", "oots-edm:v1.2", "0b8b0f7e-35c8-4e6b-9a5b-6f6f1e6f0001", "x",
    "urn:uuid:0B8B0F7E-35C8-4E6B-9A5B-6F6F1E6F0001", " urn:uuid:0b8b0f7e-35c8-4e6b-9a5b-6f6f1e6f0001 ",
    "https://sr.oots.tech.europa.eu/requirements/0b8b0f7e-35c8-4e6b-9a5b-6f6f1e6f0001",
    "HTTPS://sr.oots.tech.europa.eu/Requirements/0B8b0f7e-35c8-4e6b-9a5b-6f6f1e6f0001 ",
    "https://sr.oots.tech.ec.europa.eu/requirements/0b8b0f7e-35c8-4e6b-9a5b-6f6f1e6f0001",
    "https://sr.oots.tech.europa.eu/evidencetypeclassifications/DE/0b8b0f7e-35c8-4e6b-9a5b-6f6f1e6f0001",
    "https://sr.oots.tech.europa.eu/evidencetypeclassifications/DEU/0b8b0f7e-35c8-4e6b-9a5b-6f6f1e6f0001",
    "https://sr.oots.tech.europa.eu/distributions/x", "https://sr.oots.tech.europa.eu/datamodels/x",
    "urn:cef.eu:names:identifier:EAS:9930", "urn:cef.eu:names:identifier:EAS:99", "EAS:9930",
    "urn:oasis:names:tc:ebcore:partyid-type:unregistered:x", "DSD:ERR:0005", "DSD:ERR:0001", "DSD:ERR:0009",
    "EB:ERR:0001", "EB:ERR:0009", "LCM:ERR:0003", "LCM:ERR:0001",
    "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Error",
    "urn:sr.oots.tech.europa.eu:codes:ErrorSeverity:DSDErrorResponse:AdditionalInput",
    "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success",
    "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure", "EvidenceType", "EvidenceTypeList",
    "Requirement", "ReferenceFramework", "EvidenceProvider", "DataServiceEvidenceType",
    "urn:fdc:oots:classification:eb", "urn:fdc:oots:classification:dsd",
    *(
        f"urn:oasis:names:tc:ebxml-regrep:AssociationType:{kind}"
        for kind in ("ContainsEvidence", "FulfillsRequirement", "DerivesFromReferenceFramework", "ServesEvidenceType")
    ),
)  # fmt: skip
_SLOTS: Final = (
    "Requirement", "EvidenceType", "EvidenceTypeList", "ReferenceFramework", "EvidenceProvider", "Unknown",
    "DataServiceEvidenceType", "JurisdictionDetermination", "UserRequestedClassificationConcepts",
)  # fmt: skip
_TYPES: Final = (
    "rim:StringValueType", "rim:AnyValueType", "rim:CollectionValueType", "rim:AssociationType",
    "rs:ObjectNotFoundExceptionType", "rs:InvalidRequestExceptionType", "rs:RegistryExceptionType",
)  # fmt: skip
_CHILDREN: Final = (
    "sdg:Distribution", "sdg:EvidenceType", "sdg:EvidenceTypeList", "sdg:ReferenceFramework", "sdg:Jurisdiction",
    "sdg:AccessService", "sdg:SupportedValue", "sdg:ClassificationConcept", "sdg:EvidenceProviderClassification",
    "sdg:Transformation", "sdg:ConformsTo", "sdg:Description", "sdg:Type", "sdg:Identifier", "rs:Exception",
    "rim:RegistryObjectList", "rim:RegistryObject", "rim:Classification", "rim:Slot",
)  # fmt: skip


def _value(dice: random.Random, _: etree._Element, nodes: Nodes) -> None:
    leaves = [node for node in nodes if not len(node)] or list(nodes)
    dice.choice(leaves).text = dice.choice(_VALUES)


def _attribute(dice: random.Random, node: etree._Element, nodes: Nodes) -> None:
    chosen = dice.choice([each for each in nodes if each.attrib] or [node])
    if chosen.attrib:
        chosen.set(dice.choice(sorted(map(str, chosen.attrib))), dice.choice(_VALUES))


def _link(dice: random.Random, node: etree._Element, nodes: Nodes) -> None:
    """An association that leads elsewhere, or an object with the id of another."""
    objects = [each for each in nodes if each.get("id")]
    links = [each for each in nodes if each.get("sourceObject")] or [node]
    chosen = dice.choice(links)
    other = dice.choice(objects or [node]).get("id", "x")
    chosen.set(dice.choice(("sourceObject", "targetObject", "id")), other)


def _slot_name(dice: random.Random, node: etree._Element, nodes: Nodes) -> None:
    dice.choice([each for each in nodes if each.tag == SLOT] or [node]).set("name", dice.choice(_SLOTS))


def _type(dice: random.Random, node: etree._Element, nodes: Nodes) -> None:
    dice.choice([each for each in nodes if XSI_TYPE in each.attrib] or [node]).set(
        XSI_TYPE, dice.choice(_TYPES)
    )


def _child(dice: random.Random, node: etree._Element, _: Nodes) -> None:
    child = etree.Element(clark(dice.choice(_CHILDREN)))
    child.text = dice.choice((None, "", *_VALUES))
    node.insert(dice.randrange(len(node) + 1), child)


def _root(dice: random.Random, _: etree._Element, nodes: Nodes) -> None:
    nodes[0].tag = clark(dice.choice(("rs:QueryResponse", "query:Other", "rs:Other", "lcm:Other")))


_NAMESPACES: Final = {prefix: uri for uri, prefix in PREFIXES.items() if prefix != "xml"}
_OWN: Final[tuple[Damage, ...]] = (
    _value, _value, _attribute, _attribute, _attribute, _link, _slot_name, _type, _child, _child, _root,
)  # fmt: skip


@cache
def samples(kind: str) -> tuple[bytes, ...]:
    """The official samples of a kind, short ones first: long ones are bulk submissions."""
    found = [path.read_bytes() for path in sorted((COMMON / "samples").rglob("*.xml"))]
    return tuple(sorted((data for data in found if kind_of_message(xml.parse(data)) == kind), key=len))


def damaged(kind: str, count: int) -> Iterator[tuple[str, etree._Element]]:
    """`count` messages: aimed at each rule of the kind first, then by chance; seeded."""
    roots = [xml.parse(data) for data in _sources(kind)]
    for rule in common_services_rules().rules:
        if rule.kind == kind:
            more = islice(_aimed_more(rule, roots), _PER_RULE)
            for mutant in (*islice(aimed(rule, roots), _PER_RULE), *more):
                yield f"{kind} aimed at {rule.id}", xml.parse(etree.tostring(mutant))
    each = -(-count // len(roots))
    streams = [mutants(root, 9_000 + seed, each, (*_OWN, *DAMAGES)) for seed, root in enumerate(roots)]
    for number, (damage, mutant) in enumerate(chain.from_iterable(zip(*streams, strict=True))):
        yield f"{kind} mutant {number}, {damage}", xml.parse(etree.tostring(mutant))


@cache
def _sources(kind: str) -> tuple[bytes, ...]:
    """What is damaged: short samples, and the same with what no sample has."""
    short = [data for data in samples(kind) if len(data) < 30_000]
    made = [etree.tostring(xml.parse(data)) for data in short]
    if kind.startswith("DSD"):
        made += [
            etree.tostring(_fuller(xml.parse(data))) for data in short if b"DataServiceEvidenceType>" in data
        ]
    if kind == "DSD-ERR":
        root = xml.parse(short[-1])
        for exception in root.findall(clark("rs:Exception")):
            root.remove(exception)
        etree.SubElement(root, SLOT, name="JurisdictionDetermination")
        made.append(etree.tostring(root))
    return tuple(made)


def _fuller(root: etree._Element) -> etree._Element:
    """With a level of assurance for every evidence type, and transformations, the first without its model."""
    for offer in root.iter(clark("sdg:DataServiceEvidenceType")):
        if offer.find(clark("sdg:AuthenticationLevelOfAssurance")) is None:
            etree.SubElement(offer, clark("sdg:AuthenticationLevelOfAssurance")).text = "Low"
        for number, distribution in enumerate(offer.findall(clark("sdg:DistributedAs"))):
            etree.SubElement(
                distribution, clark("sdg:Transformation")
            ).text = "https://sr.oots.tech.europa.eu/x"
            model = distribution.find(clark("sdg:ConformsTo"))
            if model is not None and not number:
                distribution.remove(model)
    return root


def _aimed_more(rule: Rule, roots: Sequence[etree._Element]) -> Iterator[etree._Element]:
    """Damage that `aimed` does not know: another element put in, another type of association."""
    for root in roots:
        path = f"descendant-or-self::{rule.context}" if rule.context else "."
        tree = root.getroottree()
        places = cast("list[etree._Element]", root.xpath(path, namespaces=_NAMESPACES))
        one_of_each = {place.get("type"): place for place in places}
        for place in (*places[:1], *one_of_each.values()):
            for damage in _MORE:
                mutant = copy.deepcopy(root)
                node = _at(mutant, tree.getelementpath(place))
                damage(node)
                if not rule.check.holds(node):
                    yield mutant
                    break


def _at(root: etree._Element, path: str) -> etree._Element:
    found = root if path == "." else root.find(path)
    assert found is not None
    return found


def _with_child(name: str) -> Callable[[etree._Element], None]:
    return lambda node: node.append(etree.Element(clark(name)))


def _without(name: str) -> Callable[[etree._Element], None]:
    def damage(node: etree._Element) -> None:
        for child in node.findall(clark(name)):
            node.remove(child)

    return damage


def _with_type(value: str) -> Callable[[etree._Element], None]:
    return lambda node: node.set("type", value)


_MORE: Final = (
    *map(_with_child, _CHILDREN),
    *map(_without, _CHILDREN),
    *(_with_type(v) for v in _VALUES if "AssociationType" in v),
)
_lock = Lock()


@cache
def _official(kind: str) -> tuple[tuple[CompiledSchematron, Any], ...]:
    made = []
    for path in sorted((COMMON / "sch").glob(f"{kind}*.sch")):
        compiled = compile_schematron(etree.parse(path).getroot(), path.stem)
        sheet = _saxon().new_xslt30_processor().compile_stylesheet(stylesheet_text=compiled.sheet)
        made.append((compiled, sheet))
    return tuple(made)


def official_ids(kind: str) -> list[str]:
    """All tests of the official files of a kind, in their order."""
    return [test.id for compiled, _ in _official(kind) for test in compiled.tests]


def said(kind: str, root: etree._Element) -> tuple[set[tuple[str, str]], set[str]]:
    """(rule, severity) of everything official that fires, and the first rule of what ended in an error."""
    fired, stopped = set[tuple[str, str]](), set[str]()
    with _lock:
        node = _saxon().parse_xml(xml_text=etree.tostring(root, encoding="unicode", with_tail=False))
        for compiled, sheet in _official(kind):
            for line in (sheet.transform_to_string(xdm_node=node) or "").splitlines():
                number, failed, _ = line.partition(SEPARATOR)[0].partition("!")
                test = compiled.tests[int(number)]
                if failed:
                    stopped.add(test.id)
                else:
                    fired.add((test.id, "error" if test.role == "fatal" else test.role))
    return fired, stopped


def compare_one(kind: str, root: etree._Element, name: str, tally: Tally) -> None:
    """Count one message in."""
    tally.mutants += 1
    official, stopped = said(kind, root)
    rules = {rule.id: rule for rule in common_services_rules().rules if rule.kind == kind}
    own = {(r.id, r.severity.value) for r, _ in common_services_rules().failures(root, kind)}
    halted = {rules[rule].context for rule in stopped}
    for rule in stopped:
        known = DIFFERENCES.get((kind, rule))
        if known is not None and known.theirs:
            tally.explained[rule] += 1
        elif not any(rules[each].context == rules[rule].context for each, _ in own):
            tally.unexplained.append(f"{name}: {rule} stops with a dynamic error, we find nothing")
    odd = _oddly_typed(root)
    for rule, _ in official & own:
        tally.both[rule] += 1
    for rule, role in official - own:
        tally.theirs[rule] += 1
        known = DIFFERENCES.get((kind, rule))
        _explain(
            tally,
            name,
            rule,
            role,
            "official",
            known is not None and known.theirs,
            odd and _typed(rules[rule]),
        )
    for rule, role in own - official:
        tally.ours[rule] += 1
        known = DIFFERENCES.get((kind, rule))
        if rules[rule].context in halted:
            tally.explained["dynamic error"] += 1
            continue
        _explain(
            tally, name, rule, role, "our", known is not None and known.ours, odd and _typed(rules[rule])
        )


def _explain(tally: Tally, name: str, rule: str, role: str, whose: str, known: bool, typed: bool) -> None:
    if known:
        tally.explained[rule] += 1
    elif typed:
        tally.explained["xsi:type"] += 1
    else:
        tally.unexplained.append(f"{name}: {rule} ({role}) is fired by the {whose} rules only")


def _typed(rule: Any) -> bool:
    return rule.check.says in TYPED or rule.id in _TYPED_RULES


def _oddly_typed(root: etree._Element) -> bool:
    """Whether some xsi:type is not written with the usual prefix, bound to the usual namespace."""
    for node in root.iter("{*}*"):
        value = node.get(XSI_TYPE)
        if value is not None:
            prefix = value.rpartition(":")[0]
            uri = node.nsmap.get(prefix) if prefix else None
            if uri is None or PREFIXES.get(uri) != prefix or value != value.strip():
                return True
    return False


def compare(kind: str, count: int) -> Tally:
    """Samples, aimed damage, and `count` damaged messages of a kind."""
    tally = Tally()
    for number, data in enumerate((*samples(kind), *_sources(kind))):
        compare_one(kind, xml.parse(data), f"{kind} sample {number}", tally)
    for name, root in damaged(kind, count):
        compare_one(kind, root, name, tally)
    return tally
