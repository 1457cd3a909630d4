"""rim:RegistryObjectList: documents, and from 2.0 on packages of a main evidence and its companions.

Sources: TDD 4.5.2 §2.6; R-EDM-RESP-S033 to S037, S046 to S066.
"""

from dataclasses import replace
from uuid import UUID, uuid5

from lxml import etree

from intermediary.edm import names as n
from intermediary.edm.codes import DocumentRole
from intermediary.edm.elements import SPACE, STRUCTURE, Reading, twice
from intermediary.edm.evidence import EVIDENCE
from intermediary.edm.extras import Kept, attributes, canonical, extra, resolve, restore, shell
from intermediary.edm.model import EvidenceDocument, EvidencePackage
from intermediary.edm.names import SDG
from intermediary.edm.profiles import Profile
from intermediary.edm.slots import METADATA, Slots, add_value

_IDS = UUID("6ff8b5d6-4f0e-5d2b-9a53-0d2f1c0a7e11")
_EVIDENCE_TAG = f"{{{SDG}}}Evidence"
_ROLES = {role.value: role for role in DocumentRole}
_ORDER = {
    tag: rank
    for rank, tag in enumerate(
        f"{{{n.RIM}}}{local}"
        for local in (
            "Slot",
            "Name",
            "Description",
            "VersionInfo",
            "Classification",
            "ExternalIdentifier",
            "ExternalLink",
            "ContentVersionInfo",
            "RepositoryItemRef",
            "RepositoryItem",
            "RegistryObjectList",
        )
    )
}
_MERGED = frozenset({n.OBJECT_LIST})


def derived_id(of: str, what: str) -> str:
    """The id that we give to what belongs to an object: the same each time the message is written."""
    return f"urn:uuid:{uuid5(_IDS, f'{of} {what}')}"


def read_packages(
    element: etree._Element, profile: Profile, reading: Reading
) -> tuple[tuple[EvidencePackage, ...], list[Kept]]:
    """The packages of a list (a document outside any is a package of its own), and what is unknown there."""
    packages = []
    unknown = []
    for node in element.iterchildren("*"):
        kind = resolve(node, node.get(n.XSI_TYPE) or "") if node.tag == n.OBJECT else ""
        if kind == n.EXTRINSIC:
            packages.append(EvidencePackage((_read_document(node, profile, reading),)))
        elif kind == n.PACKAGE:
            packages.append(_read_package(node, profile, reading))
        elif node.tag == n.OBJECT and not kind:
            _untyped(node, reading)
        else:
            unknown.append(node)
    return tuple(packages), [shell(element, unknown)] if unknown else []


def _untyped(node: etree._Element, reading: Reading) -> None:
    reading.problem(
        STRUCTURE, node, "The object has no type.", "Set xsi:type to rim:ExtrinsicObjectType or its like."
    )


def _read_package(node: etree._Element, profile: Profile, reading: Reading) -> EvidencePackage:
    lists = list(node.iterchildren(n.OBJECT_LIST))
    if len(lists) != 1:
        reading.problem(
            "R-EDM-RESP-S046",
            node,
            "A package has exactly one rim:RegistryObjectList.",
            "Put its objects in one.",
        )
    documents: list[EvidenceDocument] = []
    associations: list[etree._Element] = []
    unknown = []
    for child in lists[0].iterchildren("*") if lists else ():
        kind = resolve(child, child.get(n.XSI_TYPE) or "") if child.tag == n.OBJECT else ""
        if kind == n.EXTRINSIC:
            document = _read_document(child, profile, reading)
            if any(document.id == other.id for other in documents):
                reading.problem(
                    STRUCTURE,
                    child,
                    "Two objects of a package have the same id.",
                    "Give each an id of its own.",
                )
            documents.append(document)
        elif kind == n.ASSOCIATION:
            associations.append(child)
        elif child.tag == n.OBJECT and not kind:
            _untyped(child, reading)
        else:
            unknown.append(child)
    documents, loose = _associated(documents, associations)
    unknown.extend(loose)
    elements = [canonical(c) for c in node.iterchildren("*") if c.tag != n.OBJECT_LIST]
    if unknown:
        elements.append(shell(lists[0], unknown))
    strange = attributes(node, ("id", n.XSI_TYPE))
    if lists:
        strange += attributes(lists[0], (), "RegistryObjectList")
    stated = _id(node, reading)
    ours = profile.packaged and documents and stated == derived_id(documents[0].id, "package")
    return EvidencePackage(tuple(documents), None if ours else stated, extra(strange, elements, _ORDER))


def _associated(
    documents: list[EvidenceDocument], associations: list[etree._Element]
) -> tuple[list[EvidenceDocument], list[etree._Element]]:
    """Give each companion the id of its association; associations that say anything else are left over."""
    main = _main(documents)
    by_source: dict[str, str] = {}
    loose = []
    for node in associations:
        source = node.get("sourceObject") or ""
        document = next((d for d in documents if d.id == source), None)
        if (
            document is None
            or main is None
            or document.role is DocumentRole.MAIN_EVIDENCE
            or source in by_source
            or len(node)
            or set(node.attrib) != {"id", n.XSI_TYPE, "type", "sourceObject", "targetObject"}
            or node.get("targetObject") != main.id
            or node.get("type") != n.ASSOCIATION_PREFIX + document.role
        ):
            loose.append(node)
        else:
            by_source[source] = node.get("id") or ""
    found = []
    for document in documents:
        if document.role is not DocumentRole.MAIN_EVIDENCE:
            stated = by_source.get(document.id, "")
            ours = stated == derived_id(document.id, "association")
            found.append(replace(document, association_id=None if ours else stated))
        else:
            found.append(document)
    return found, loose


def _main(documents: list[EvidenceDocument] | tuple[EvidenceDocument, ...]) -> EvidenceDocument | None:
    return next((d for d in documents if d.role is DocumentRole.MAIN_EVIDENCE), None)


def _id(node: etree._Element, reading: Reading) -> str:
    stated = node.get("id")
    if stated is None:
        reading.problem("R-EDM-RESP-S036", node, "The object has no id.", "Add id with a urn:uuid:.")
    return (stated or "").strip(SPACE)


def _read_document(node: etree._Element, profile: Profile, reading: Reading) -> EvidenceDocument:
    identity = _id(node, reading)
    slots = Slots(node, METADATA, reading)
    metadata = slots.one("EvidenceMetadata", {_EVIDENCE_TAG: EVIDENCE})
    strange, unknown = slots.rest()
    strange += attributes(node, ("id", n.XSI_TYPE))
    reference: etree._Element | None = None
    classification: etree._Element | None = None
    for child in slots.others:
        if child.tag == n.ITEM_REF:
            if reference is not None:
                twice(child, reading)
            reference = child
            strange += attributes(child, (n.HREF, n.TITLE), "RepositoryItemRef")
        elif child.tag == n.CLASSIFICATION and child.get("classificationScheme") == n.CLASSIFICATION_SCHEME:
            if classification is not None:
                twice(child, reading, "R-EDM-RESP-S048")
            classification = child
            strange += attributes(
                child, ("id", "classificationScheme", "classificationNode"), "Classification"
            )
        else:
            unknown.append(canonical(child))
    content_id, title = _reference(node, reference, reading)
    role, classification_id = _classified(identity, classification, profile, reading)
    return EvidenceDocument(
        identity,
        content_id,
        metadata,
        title,
        role,
        extra(strange, unknown, _ORDER),
        classification_id,
    )


def _reference(
    node: etree._Element, reference: etree._Element | None, reading: Reading
) -> tuple[str, str | None]:
    if reference is None:
        reading.problem(
            "R-EDM-RESP-S033",
            node,
            "The document has no reference.",
            "Add rim:RepositoryItemRef to its part.",
        )
        return "", None
    href = (reference.get(n.HREF) or "").strip(SPACE)
    if not href.startswith("cid:"):
        reading.problem(
            "R-EDM-RESP-S034" if not href else "R-EDM-RESP-C042",
            reference,
            "The reference is no cid URL.",
            "Set xlink:href to cid: and the Content-ID of the part.",
        )
    title = reference.get(n.TITLE)
    return href.removeprefix("cid:"), None if title is None else title.strip(SPACE)


def _classified(
    identity: str, node: etree._Element | None, profile: Profile, reading: Reading
) -> tuple[DocumentRole, str | None]:
    if node is None:
        return DocumentRole.MAIN_EVIDENCE, "" if profile.packaged else None
    role = _ROLES.get((node.get("classificationNode") or "").strip(SPACE))
    if role is None:
        reading.problem(
            "R-EDM-RESP-S049",
            node,
            "The classification names no known kind of document.",
            f"Set classificationNode to one of {', '.join(_ROLES)}.",
        )
        role = DocumentRole.MAIN_EVIDENCE
    stated = (node.get("id") or "").strip(SPACE)
    if not stated:
        reading.problem("R-EDM-RESP-S065", node, "The classification has no id.", "Add id with a urn:uuid:.")
    ours = profile.packaged and stated == derived_id(identity, "classification")
    return role, None if ours else stated


# --- writing ----------------------------------------------------------------------------------------------


def write_packages(parent: etree._Element, packages: tuple[EvidencePackage, ...], profile: Profile) -> None:
    """The list, packaged where the profile is, or where a package has an id of its own."""
    listing = etree.SubElement(parent, n.OBJECT_LIST)
    for package in packages:
        if not profile.packaged and package.id is None:
            for document in package.documents:
                _write_document(listing, document, profile)
            continue
        node = _object(listing, "rim:RegistryPackageType")
        first = package.documents[0].id if package.documents else ""
        node.set("id", package.id if package.id is not None else derived_id(first, "package"))
        inner = etree.SubElement(node, n.OBJECT_LIST)
        for document in package.documents:
            _write_document(inner, document, profile)
        main = _main(package.documents)
        for document in package.documents:
            if document.role is not DocumentRole.MAIN_EVIDENCE and main is not None:
                _write_association(inner, document, main, profile)
        if package.extra:
            restore(node, package.extra, _ORDER, _MERGED)


def _object(parent: etree._Element, kind: str) -> etree._Element:
    node = etree.SubElement(parent, n.OBJECT)
    node.set(n.XSI_TYPE, kind)
    return node


def _write_document(parent: etree._Element, document: EvidenceDocument, profile: Profile) -> None:
    node = _object(parent, "rim:ExtrinsicObjectType")
    node.set("id", document.id)
    add_value(node, "EvidenceMetadata", EVIDENCE, _EVIDENCE_TAG, document.metadata)
    identity = document.classification_id
    if identity is None:
        identity = derived_id(document.id, "classification") if profile.packaged else ""
    if identity:
        classification = etree.SubElement(node, n.CLASSIFICATION)
        classification.set("id", identity)
        classification.set("classificationScheme", n.CLASSIFICATION_SCHEME)
        classification.set("classificationNode", document.role.value)
    reference = etree.SubElement(node, n.ITEM_REF)
    reference.set(n.HREF, f"cid:{document.content_id}")
    if document.title is not None:
        reference.set(n.TITLE, document.title)
    if document.extra:
        restore(node, document.extra, _ORDER, _MERGED)


def _write_association(
    parent: etree._Element, document: EvidenceDocument, main: EvidenceDocument, profile: Profile
) -> None:
    identity = document.association_id
    if identity is None:
        identity = derived_id(document.id, "association")
    if identity:
        node = _object(parent, "rim:AssociationType")
        node.set("id", identity)
        node.set("type", n.ASSOCIATION_PREFIX + document.role.value)
        node.set("sourceObject", document.id)
        node.set("targetObject", main.id)
