"""What a country publishes beside what it means to publish: the differences, and what would close the gap.

Pure. Both sides are a `Publication`; identifiers of the same thing are spelled alike before (`renamed`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from intermediary.directory.codes import Service
from intermediary.directory.model import (
    AccessService,
    DataServiceEvidenceType,
    EvidenceType,
    EvidenceTypeList,
    Publication,
    Requirement,
    Text,
    text_in,
)

_Say = Callable[[Sequence[Text]], str]


class Gap(StrEnum):
    """How the two sides differ."""

    MISSING_THERE = "missing-there"
    """We have it, the directory does not."""
    MISSING_HERE = "missing-here"
    """The directory has it, we do not know it."""
    STALE = "stale"
    """The directory has what is no longer, or not yet, in force here."""
    DIFFERENT = "different"


REMEDIES: Mapping[Gap, str] = {
    Gap.MISSING_THERE: "Publish it: the submission adds it.",
    Gap.MISSING_HERE: (
        "Make a mapping for it, or ask whoever published it to withdraw it. The submission keeps it."
    ),
    Gap.STALE: "Withdraw it: the submission leaves it out. Or put the mapping in force again.",
    Gap.DIFFERENT: (
        "Submit where the store is right; draft a new version of the mapping where the directory is."
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference. `here` and `there` are values, or empty; nothing in it is personal."""

    gap: Gap
    service: Service
    subject: str
    """URI of the evidence type, or identifier of the provider."""
    title: str
    field: str
    """What differs: evidence-type, requirement, title, level-of-assurance, formats, jurisdiction, questions,
    provider, provider-name, provider-jurisdiction, access-point, edm-versions."""
    here: str = ""
    there: str = ""

    @property
    def remedy(self) -> str:
        """What to do."""
        return REMEDIES[self.gap]


def compare(
    wanted: Publication, published: Publication, ended: Mapping[str, str], languages: Sequence[str] = ()
) -> tuple[Finding, ...]:
    """Every difference, EB first, each part in the order of titles, which are in the first of `languages`.

    `ended`: evidence types that are known here but not in force, each with the reason in words.
    """

    def say(texts: Sequence[Text]) -> str:
        return text_in(texts, languages)

    found = (*_brokered(wanted, published, ended, say), *_offered(wanted, published, ended, say))
    return tuple(sorted(found, key=lambda f: (f.service is not Service.EVIDENCE_BROKER, f.title, f.subject)))


def merged(wanted: Publication, published: Publication, ended: Mapping[str, str]) -> Publication:
    """What to submit, since a submission replaces everything: ours, and what we do not know, less the stale.

    Identifiers that the directory has given are kept.
    """
    return Publication(
        wanted.country,
        _merged_requirements(wanted, published, ended),
        _merged_services(wanted, published, ended),
    )


def renamed(publication: Publication, name: Callable[[str], str]) -> Publication:
    """The same with other spellings of URIs: requirements, evidence types, data models."""

    def list_of(held: EvidenceTypeList) -> EvidenceTypeList:
        types = (replace(each, classification=name(each.classification)) for each in held.evidence_types)
        return replace(held, evidence_types=tuple(types))

    return Publication(
        publication.country,
        tuple(
            replace(
                each,
                identifier=name(each.identifier),
                evidence_type_lists=tuple(map(list_of, each.evidence_type_lists)),
            )
            for each in publication.requirements
        ),
        tuple(
            replace(
                each,
                classification=name(each.classification),
                distributions=tuple(
                    replace(form, conforms_to=name(form.conforms_to) if form.conforms_to else None)
                    for form in each.distributions
                ),
            )
            for each in publication.services
        ),
        publication.places,
    )


# ------------------------------------------------------------------------------------- Evidence Broker


def _proofs(publication: Publication) -> dict[tuple[str, str], EvidenceType]:
    """(requirement, classification) to the evidence type."""
    return {
        (requirement.identifier, each.classification): each
        for requirement in publication.requirements
        for held in requirement.evidence_type_lists
        for each in held.evidence_types
    }


def _brokered(
    wanted: Publication, published: Publication, ended: Mapping[str, str], say: _Say
) -> Iterable[Finding]:
    ours, theirs = _proofs(wanted), _proofs(published)
    known = {classification for _, classification in ours}
    seen = {classification for _, classification in theirs}
    service = Service.EVIDENCE_BROKER
    for (requirement, uri), each in ours.items():
        there = theirs.get((requirement, uri))
        title = say(each.titles)
        if there is None:
            field = "requirement" if uri in seen else "evidence-type"
            yield Finding(Gap.MISSING_THERE, service, uri, title, field, here=requirement)
        else:
            yield from _titles((service, uri, title), each.titles, there.titles)
    for (requirement, uri), each in theirs.items():
        title = say(each.titles)
        if uri in ended:
            yield Finding(Gap.STALE, service, uri, title, "evidence-type", ended[uri], requirement)
        elif uri not in known:
            yield Finding(Gap.MISSING_HERE, service, uri, title, "evidence-type", there=requirement)
        elif (requirement, uri) not in ours:
            yield Finding(Gap.MISSING_HERE, service, uri, title, "requirement", there=requirement)


def _titles(
    about: tuple[Service, str, str], here: Iterable[Text], there: Iterable[Text], field: str = "title"
) -> Iterable[Finding]:
    """`about`: service, subject and title of the findings."""
    ours, theirs = ({text.language: text.value for text in side} for side in (here, there))
    service, subject, title = about
    for language, value in sorted(ours.items()):
        if theirs.get(language) != value:
            yield Finding(
                Gap.DIFFERENT, service, subject, title, field,
                f"{language}: {value}", f"{language}: {theirs[language]}" if language in theirs else "",
            )  # fmt: skip


def _merged_requirements(
    wanted: Publication, published: Publication, ended: Mapping[str, str]
) -> tuple[Requirement, ...]:
    ours = {each.identifier: each for each in wanted.requirements}
    theirs = {each.identifier: each for each in published.requirements}
    types = {uri: each for (_, uri), each in _proofs(wanted).items()}
    # A country's procedures are declared by it as requester: what is published of them stays as it is.
    declared = any(each.reference_frameworks for each in published.requirements)
    made: list[Requirement] = []
    for identifier in sorted({*ours, *theirs}):
        own, other = ours.get(identifier), theirs.get(identifier)
        kept = [
            trimmed
            for held in (other.evidence_type_lists if other else ())
            if (trimmed := _trimmed(held, types, ended)) is not None and not (held.no_match and own)
        ]
        there = {each.classification for held in kept for each in held.evidence_types}
        added = [
            held
            for held in (own.evidence_type_lists if own else ())
            if any(each.classification not in there for each in held.evidence_types)
        ]
        base = other or own
        assert base is not None, "it is of one of them"
        frameworks = other.reference_frameworks if other else ()
        made.append(
            replace(
                base,
                reference_frameworks=frameworks if declared or own is None else own.reference_frameworks,
                evidence_type_lists=(*kept, *added),
            )
        )
    return tuple(each for each in made if each.evidence_type_lists or each.reference_frameworks)


def _trimmed(
    held: EvidenceTypeList, ours: Mapping[str, EvidenceType], ended: Mapping[str, str]
) -> EvidenceTypeList | None:
    """A published list with our words for our types; None where one of its types has ended."""
    if any(each.classification in ended for each in held.evidence_types):
        return None
    return replace(
        held, evidence_types=tuple(ours.get(each.classification, each) for each in held.evidence_types)
    )


# ------------------------------------------------------------------------------ Data Service Directory


def _offered(
    wanted: Publication, published: Publication, ended: Mapping[str, str], say: _Say
) -> Iterable[Finding]:
    ours = {each.classification: each for each in wanted.services}
    theirs = {each.classification: each for each in published.services}
    service = Service.DATA_SERVICE_DIRECTORY
    for uri, each in ours.items():
        title = say(each.titles)
        if (there := theirs.get(uri)) is None:
            yield Finding(Gap.MISSING_THERE, service, uri, title, "evidence-type")
            continue
        yield from _titles((service, uri, title), each.titles, there.titles)
        for field, tell in _FIELDS.items():
            if field == "jurisdiction" and not published.places:
                continue
            if (mine := tell(each)) != (other := tell(there)):
                yield Finding(Gap.DIFFERENT, service, uri, title, field, mine, other)
        if there.access_services or there.determination is None:
            yield from _providers(title, each, there, say)
    for uri, each in theirs.items():
        title = say(each.titles)
        if uri in ended:
            yield Finding(Gap.STALE, service, uri, title, "evidence-type", here=ended[uri])
        elif uri not in ours:
            yield Finding(Gap.MISSING_HERE, service, uri, title, "evidence-type")


def _forms(each: DataServiceEvidenceType) -> str:
    forms = {f"{form.media_type} {form.conforms_to or ''}".strip() for form in each.distributions}
    return ", ".join(sorted(forms))


_FIELDS: Mapping[str, Callable[[DataServiceEvidenceType], str]] = {
    "level-of-assurance": lambda each: each.level_of_assurance or "",
    "formats": _forms,
    "jurisdiction": lambda each: each.determination.level.value if each.determination else "Country",
    "questions": lambda each: ", ".join(sorted(concept.identifier for concept in each.classifications)),
}


def _by_provider(each: DataServiceEvidenceType) -> dict[str, AccessService]:
    return {str(access.provider.identifier): access for access in each.access_services}


def _providers(
    title: str, here: DataServiceEvidenceType, there: DataServiceEvidenceType, say: _Say
) -> Iterable[Finding]:
    ours, theirs = _by_provider(here), _by_provider(there)
    service = Service.DATA_SERVICE_DIRECTORY
    for identifier, mine in ours.items():
        name = f"{title}: {say(mine.provider.names)}"
        other = theirs.get(identifier)
        if other is None:
            yield Finding(Gap.MISSING_THERE, service, identifier, name, "provider", here=identifier)
            continue
        yield from _titles(
            (service, identifier, name), mine.provider.names, other.provider.names, "provider-name"
        )
        pairs = {
            "provider-jurisdiction": (str(mine.provider.jurisdiction), str(other.provider.jurisdiction)),
            "access-point": (str(mine.identifier), str(other.identifier)),
            "edm-versions": (", ".join(sorted(mine.conforms_to)), ", ".join(sorted(other.conforms_to))),
        }
        for field, (a, b) in pairs.items():
            if a != b:
                yield Finding(Gap.DIFFERENT, service, identifier, name, field, a, b)
    for identifier, other in theirs.items():
        if identifier not in ours:
            name = f"{title}: {say(other.provider.names)}"
            yield Finding(Gap.MISSING_HERE, service, identifier, name, "provider", there=identifier)


def _merged_services(
    wanted: Publication, published: Publication, ended: Mapping[str, str]
) -> tuple[DataServiceEvidenceType, ...]:
    ours = {each.classification: each for each in wanted.services}
    theirs = {each.classification: each for each in published.services}
    kept = {uri: each for uri, each in theirs.items() if uri not in ended}
    made = {uri: _merged_service(each, kept.get(uri)) for uri, each in ours.items()}
    return tuple(each for _, each in sorted({**kept, **made}.items()))


def _merged_service(
    mine: DataServiceEvidenceType, other: DataServiceEvidenceType | None
) -> DataServiceEvidenceType:
    if other is None:
        return mine
    known = _by_provider(mine)
    foreign = (access for key, access in _by_provider(other).items() if key not in known)
    same_level = (
        mine.determination and other.determination and mine.determination.level == other.determination.level
    )
    return replace(
        mine,
        identifier=other.identifier,
        access_services=(*mine.access_services, *foreign),
        determination=other.determination if same_level else mine.determination,
    )
