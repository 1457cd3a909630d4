"""The directories for the console: `directories.Directories` in the console's own terms."""

from collections.abc import Iterable, Mapping

from intermediary import directory
from intermediary.console.directories import Comparison, DirectorySilent, Gap, HandIn, Question, Record, Told
from intermediary.directories import Directories
from intermediary.directory import DirectoryError, Reply, text_in
from intermediary.directory.model import AdditionalInput, DataServiceEvidenceType, Requirement
from intermediary.exchange import SettingsInvalid
from intermediary.mapping import MappingError

_CANNOT = (DirectoryError, SettingsInvalid, MappingError)


class ConsoleDirectories:
    """Implements `console.DirectoriesDesk`."""

    def __init__(self, directories: Directories) -> None:
        self._directories = directories

    @property
    def reachable(self) -> bool:
        """True where the settings say how to ask."""
        return self._directories.reachable

    def compare(self, *, anew: bool, language: str) -> Comparison:
        """The store beside the directories. Raises DirectorySilent."""
        try:
            found = self._directories.compare(anew=anew, language=language)
        except _CANNOT as error:
            raise DirectorySilent(str(error)) from None
        gaps = tuple(
            Gap(
                each.gap.value,
                each.service.value,
                each.title,
                each.subject,
                each.field,
                each.here,
                each.there,
            )
            for each in found.findings
        )
        hand_ins = tuple(
            HandIn(
                each.service.value, each.body, each.adds, each.changes, each.withdraws, each.keeps,
                each.unsure, found.flaws.get(each.service, ()),
            )
            for each in found.submissions
        )  # fmt: skip
        return Comparison(found.at, found.country, gaps, hand_ins, found.unseen)

    def ask(self, what: str, fields: Mapping[str, str], said: Mapping[str, str], language: str) -> Told:
        """One question, in terms of the explorer. Raises DirectorySilent."""
        country = fields.get("country", "")
        try:
            if what == "requirements":
                query = directory.requirements_query(fields["procedure"], country)
            elif what == "evidence-types":
                query = directory.evidence_types_query(fields["requirement"], country)
            else:
                query = directory.data_services_query(fields["evidence_type"], country, said=said)
            reply = self._directories.ask(query, country)
        except _CANNOT as error:
            raise DirectorySilent(str(error)) from None
        return _told(what, reply, fields, language)


def _told(what: str, reply: Reply, fields: Mapping[str, str], language: str) -> Told:
    answer, languages = reply.answer, (language,)
    records: Iterable[Record]
    if what == "requirements":
        records = (_requirement(each, fields, languages) for each in answer.requirements)
    elif what == "evidence-types":
        records = (record for each in answer.requirements for record in _proofs(each, fields, languages))
    else:
        records = (_service(each, fields, languages) for each in answer.services)
    return Told(
        url=reply.url,
        at=reply.at,
        source=reply.source.value,
        signer=reply.verified.signer,
        body=reply.body,
        records=tuple(records),
        questions=tuple(q for asked in answer.inputs for q in _questions(asked, languages)),
        refusals=tuple(
            f"{refusal.code}: {refusal.message} {refusal.detail or ''}".strip()
            for refusal in answer.refusals
            if refusal.input is None
        ),
    )


def _requirement(each: Requirement, fields: Mapping[str, str], languages: tuple[str, ...]) -> Record:
    facts = tuple(
        (
            "procedure",
            f"{', '.join(one.procedures)} ({one.jurisdiction or '–'}) {text_in(one.titles, languages)}",
        )
        for one in each.reference_frameworks
    )
    follow = {"what": "evidence-types", "requirement": each.identifier, "country": fields["country"]}
    return Record(text_in(each.names, languages), each.identifier, facts, follow=follow)


def _proofs(each: Requirement, fields: Mapping[str, str], languages: tuple[str, ...]) -> Iterable[Record]:
    for held in each.evidence_type_lists:
        places = [held.jurisdiction, *(j for kind in held.evidence_types for j in kind.jurisdictions)]
        place = next((one for one in places if one is not None), None)
        country = fields["country"] or (place.country if place else "")
        parts = tuple(
            Record(
                text_in(kind.titles, languages),
                kind.classification,
                follow={"what": "services", "evidence_type": kind.classification, "country": country},
            )
            for kind in held.evidence_types
        )
        facts = (("place", str(place)),) if place else ()
        yield Record(text_in(held.names, languages) or held.identifier, held.identifier, facts, parts)


def _service(each: DataServiceEvidenceType, fields: Mapping[str, str], languages: tuple[str, ...]) -> Record:
    forms = ", ".join(f"{form.media_type} {form.conforms_to or ''}".strip() for form in each.distributions)
    wanted = fields.get("provider", "").casefold()
    parts = []
    for access in each.access_services:
        provider = access.provider
        names = " ".join(text.value for text in provider.names)
        if wanted in f"{names} {provider.identifier}".casefold():
            said = (
                ("provider-jurisdiction", str(provider.jurisdiction)),
                ("access-point", str(access.identifier)),
                ("edm-versions", ", ".join(access.conforms_to)),
            )
            parts.append(Record(text_in(provider.names, languages), str(provider.identifier), said))
    facts = (("formats", forms), ("level-of-assurance", each.level_of_assurance or "–"))
    return Record(text_in(each.titles, languages), each.identifier, facts, tuple(parts))


def _questions(asked: AdditionalInput, languages: tuple[str, ...]) -> Iterable[Question]:
    if (determination := asked.determination) is not None:
        yield Question("jurisdiction-context-id", "", fixed=determination.context_id)
        if (parameter := determination.level.parameter) is not None:
            yield Question(parameter, text_in(determination.contexts, languages), determination.level.value)
    for concept in asked.classifications:
        hint = concept.value_expression or concept.type
        yield Question(
            concept.identifier, text_in(concept.descriptions, languages) or concept.identifier, hint
        )
