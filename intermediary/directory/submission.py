"""Life-cycle submissions (LCM) to EB and DSD: a country's whole data as `lcm:SubmitObjectsRequest` (TDD 3.5).

In the form of release 1.0, the only one whose schemas and rules are published. A submission replaces
everything that the country has in the service; it is written here and never sent.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID, uuid5

from lxml import etree

from intermediary.directory.codes import ASSOCIATION, LCM, QUERY, RIM, RS, SDG, XSI, XSI_TYPE, Service
from intermediary.directory.comparison import Finding, Gap
from intermediary.directory.model import AccessService, EvidenceType, Jurisdiction, Publication
from intermediary.directory.writer import (
    slot,
    write_access_service,
    write_evidence_type,
    write_framework,
    write_list,
    write_requirement,
    write_service,
)

_SCHEMES: Final = {
    Service.EVIDENCE_BROKER: "urn:fdc:oots:classification:eb",
    Service.DATA_SERVICE_DIRECTORY: "urn:fdc:oots:classification:dsd",
}
_EDM_1_0: Final = "oots-edm:v1.0"
_OURS: Final = UUID("3c2f0a0e-5f0b-5a57-9d0e-6c1f2f2b7d11")
"""Namespace of the ids of registry objects: the same content always has the same."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One file to hand in, and what it would do, by titles."""

    service: Service
    body: bytes = field(repr=False)
    adds: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    withdraws: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    """Published, unknown here, and submitted again as it is."""
    unsure: tuple[str, ...] = ()
    """Evidence types whose providers could not be read: what others have there would be lost."""

    @property
    def idle(self) -> bool:
        """True where it would change nothing."""
        return not (self.adds or self.changes or self.withdraws)


def submissions(
    publication: Publication, findings: Iterable[Finding], ids: Sequence[UUID], unseen: Sequence[str] = ()
) -> tuple[Submission, ...]:
    """What closes the gap: one submission for each service that `publication` has data for.

    `unseen` are titles for `Submission.unsure`. `publication` is what `comparison.merged` gives, in the
    spelling of release 1.0; `ids` are those of the two requests. Raises DirectoryUnwritable.
    """
    found, made = tuple(findings), []
    if publication.requirements:
        made.append((Service.EVIDENCE_BROKER, eb_submission(publication, ids[0])))
    if any(service.access_services for service in publication.services):
        made.append((Service.DATA_SERVICE_DIRECTORY, dsd_submission(publication, ids[1])))
    unsure = {Service.DATA_SERVICE_DIRECTORY: tuple(unseen)}
    return tuple(
        Submission(
            service,
            body,
            adds=_titles(found, service, Gap.MISSING_THERE),
            changes=_titles(found, service, Gap.DIFFERENT),
            withdraws=_titles(found, service, Gap.STALE),
            keeps=_titles(found, service, Gap.MISSING_HERE),
            unsure=unsure.get(service, ()),
        )
        for service, body in made
    )


def _titles(findings: Iterable[Finding], service: Service, gap: Gap) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f.title for f in findings if f.service is service and f.gap is gap))


def eb_submission(publication: Publication, request_id: UUID) -> bytes:
    """Evidence types, lists, requirements and reference frameworks with their associations."""
    made = _Objects(Service.EVIDENCE_BROKER)
    for requirement in publication.requirements:
        source = made.add("Requirement", requirement.identifier, write_requirement(requirement, alone=True))
        for held in requirement.evidence_type_lists:
            several = made.add("EvidenceTypeList", held.identifier, write_list(held, alone=True))
            made.associate("FulfillsRequirement", several, source)
            for each in held.evidence_types:
                # 2.0 has the jurisdiction at the list, and formats.
                plain = replace(each, jurisdictions=_jurisdictions(each, publication.country), formats=())
                target = made.add("EvidenceType", each.classification, write_evidence_type(plain))
                made.associate("ContainsEvidence", several, target)
        for framework in requirement.reference_frameworks:
            target = made.add("ReferenceFramework", framework.identifier, write_framework(framework))
            made.associate("DerivesFromReferenceFramework", source, target)
    return made.written(request_id)


def dsd_submission(publication: Publication, request_id: UUID) -> bytes:
    """Providers with their access service, data services, and which serves which."""
    made = _Objects(Service.DATA_SERVICE_DIRECTORY)
    for service in publication.services:
        # A service without provider has no association, which the rules refuse.
        if not service.access_services:
            continue
        forms = tuple(dict.fromkeys(replace(form, languages=()) for form in service.distributions))
        plain = replace(service, access_services=(), distributions=forms)
        target = made.add("DataServiceEvidenceType", service.identifier, write_service(plain))
        for access in service.access_services:
            element = write_access_service(_in_1_0(access))
            # One provider may answer differently for two evidence types: its content tells them apart.
            content = etree.tostring(element, method="c14n").decode()
            source = made.add("EvidenceProvider", content, element)
            made.associate("ServesEvidenceType", source, target)
    return made.written(request_id)


def _in_1_0(access: AccessService) -> AccessService:
    return replace(access, names=(), conforms_to=(_EDM_1_0,))


def _jurisdictions(each: EvidenceType, country: str) -> tuple[Jurisdiction, ...]:
    return each.jurisdictions or (Jurisdiction(country),)


class _Objects:
    """The registry objects of one submission, each once."""

    def __init__(self, service: Service) -> None:
        self._scheme = _SCHEMES[service]
        self._objects: dict[str, etree._Element] = {}
        self._associations: dict[tuple[str, str, str], etree._Element] = {}

    def add(self, node: str, key: str, content: etree._Element) -> str:
        """An object of a classification node; returns its id. The same key again is the same object."""
        identifier = self._id(node, key)
        if identifier not in self._objects:
            item = etree.Element(f"{{{RIM}}}RegistryObject", id=identifier)
            slot(item, node, "AnyValueType").append(content)
            etree.SubElement(
                item, f"{{{RIM}}}Classification", id=self._id("Classification", identifier),
                classificationScheme=self._scheme, classificationNode=node,
            )  # fmt: skip
            self._objects[identifier] = item
        return identifier

    def associate(self, kind: str, source: str, target: str) -> None:
        """An association of two objects."""
        item = etree.Element(f"{{{RIM}}}RegistryObject")
        item.set(XSI_TYPE, "rim:AssociationType")
        item.set("id", self._id(kind, f"{source} {target}"))
        item.set("sourceObject", source)
        item.set("targetObject", target)
        item.set("type", ASSOCIATION + kind)
        self._associations[kind, source, target] = item

    def written(self, request_id: UUID) -> bytes:
        """The request."""
        names = {"lcm": LCM, "query": QUERY, "rim": RIM, "rs": RS, "sdg": SDG, "xsi": XSI}
        root = etree.Element(f"{{{LCM}}}SubmitObjectsRequest", nsmap=names, id=f"urn:uuid:{request_id}")
        root.set("checkReferences", "true")
        held = etree.SubElement(root, f"{{{RIM}}}RegistryObjectList")
        held.extend((*self._objects.values(), *self._associations.values()))
        etree.cleanup_namespaces(root, keep_ns_prefixes=["rim", "sdg", "xsi"])
        etree.indent(root)
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8")

    @staticmethod
    def _id(kind: str, key: str) -> str:
        return f"urn:uuid:{uuid5(_OURS, f'{kind} {key}')}"


def in_words(submission: Submission) -> tuple[str, ...]:
    """What handing it in would do, a line each."""
    lines = [
        f"{word} {len(titles)}: {', '.join(titles)}"
        for word, titles in (
            ("Adds", submission.adds),
            ("Changes", submission.changes),
            ("Withdraws", submission.withdraws),
            ("Keeps as published", submission.keeps),
            ("Take care, providers that only others know would be lost of", submission.unsure),
        )
        if titles
    ]
    return (*(lines or ["Changes nothing."]), "It replaces everything that the country has in this service.")
