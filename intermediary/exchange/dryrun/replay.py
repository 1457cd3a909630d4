"""What a change of the mappings would have changed for the requests that came. Pure.

Of a past request only its shape is there. It is made into a request of placeholders, which goes through the
same rules and the same translation as a real one: once by the mappings as they are, once as they would be.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from intermediary import edm, translation
from intermediary.edm.codes import AgentRole
from intermediary.edm.model import (
    Address,
    Agent,
    DataServiceEvidenceType,
    Distribution,
    EvidenceProviderClassification,
    EvidenceRequest,
    Identifier,
    LegalPerson,
    NaturalPerson,
    SectorSpecificAttribute,
    Text,
)
from intermediary.exchange import reading
from intermediary.exchange.model import Outcome
from intermediary.exchange.shape import Shape
from intermediary.mapping.model import EvidenceMapping, MappingSet, SubjectKind

_GIVEN = "-"
"""Stands for every value that is not known."""
_NEVER = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PastRequest:
    """A request that came, as the log knows it."""

    exchange_id: str
    at: datetime
    edm_version: str
    evidence_type: str
    procedure: str
    requester_country: str
    provider: str | None = None
    """Key of the provider that was asked."""
    shape: Shape | None = None
    """None: it came before shapes were kept, or could not be read."""
    broken: bool = False
    """It breaks rules of the data model, so no mapping decides on it."""


@dataclass(frozen=True, slots=True)
class Aspect:
    """One thing in which answers may differ, as an operator calls it."""

    name: str
    """A message of the catalogue."""
    was: str
    will: str


@dataclass(frozen=True, slots=True)
class Change:
    """Requests that would be answered otherwise in the same way."""

    aspects: tuple[Aspect, ...]
    exchanges: tuple[str, ...]
    """Ids, as they were given."""
    refused: bool
    """They are answered now and would be refused."""
    answered: bool
    """They are refused now and would be answered."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of it."""

    day: date
    changes: tuple[Change, ...]
    """The most frequent first; those that would be refused before all others."""
    same: int
    """Requests for which nothing would change."""
    unknown: int
    """Requests whose shape is not known."""

    @property
    def changed(self) -> int:
        """Requests that would be answered otherwise."""
        return sum(len(change.exchanges) for change in self.changes)

    @property
    def refused(self) -> int:
        """Requests that are answered now and would be refused."""
        return sum(len(change.exchanges) for change in self.changes if change.refused)


ASPECTS = (
    "Result",
    "Reason",
    "Mapping",
    "Provider",
    "National evidence type",
    "Service",
    "Legal basis",
    "Formats asked for",
    "Person found by",
    "Person's fields sent",
    "Citizen is asked for",
    "Preview",
    "Fields lost",
)
"""Names of aspects, in their order."""
ANSWERED = "answered"


def replay(requests: Iterable[PastRequest], live: MappingSet, draft: MappingSet, day: date) -> Replay:
    """Compare how requests would be answered on a day: by the mappings as they are, and as they would be."""
    found: dict[tuple[Aspect, ...], list[str]] = {}
    kinds: dict[tuple[Aspect, ...], tuple[bool, bool]] = {}
    known: dict[tuple[object, ...], tuple[Aspect, ...]] = {}
    same = unknown = 0
    for past in requests:
        if past.shape is None or past.broken:
            same, unknown = (same + 1, unknown) if past.broken else (same, unknown + 1)
            continue
        # Many requests have one shape: each is looked at once.
        what = (past.evidence_type.casefold(), past.procedure, past.edm_version, past.provider, past.shape)
        if what not in known:
            was, will = _answer(past, live, day, live), _answer(past, draft, day, live)
            results = was["Result"] == ANSWERED, will["Result"] == ANSWERED
            # Where one of the two is a refusal, all details differ and say nothing.
            names = {(True, False): ASPECTS[:2], (False, True): ASPECTS[:4]}.get(results, ASPECTS)
            known[what] = tuple(
                Aspect(name, was.get(name, ""), will.get(name, ""))
                for name in names
                if was.get(name, "") != will.get(name, "")
            )
            kinds[known[what]] = (results == (True, False), results == (False, True))
        if known[what]:
            found.setdefault(known[what], []).append(past.exchange_id)
        else:
            same += 1
    changes = [Change(aspects, tuple(ids), *kinds[aspects]) for aspects, ids in found.items()]
    changes.sort(key=lambda change: (not change.refused, -len(change.exchanges)))
    return Replay(day, tuple(changes), same, unknown)


def _answer(past: PastRequest, mappings: MappingSet, day: date, live: MappingSet) -> dict[str, str]:
    """How a request would be answered, aspect by aspect; what breaks us is an answer, too."""
    try:
        return _answered(past, mappings, day, live)
    except Exception as broken:  # a draft may say what no rule allows
        reason = f"It would break here ({type(broken).__name__}); let the rules check the version"
        return _refused(Outcome.FAILED, reason)


def _answered(past: PastRequest, mappings: MappingSet, day: date, live: MappingSet) -> dict[str, str]:
    assert past.shape is not None
    request = _request(past, past.shape)
    served = reading.policy(request, mappings, day)
    if not isinstance(served, EvidenceMapping):
        return _refused(*served)
    # Values are not known: each counts as well-formed, as it was when the request came.
    open_ = replace(
        served,
        additional_inputs=tuple(replace(i, pattern=None, choices={}) for i in served.additional_inputs),
    )
    asked = translation.missing_inputs(request, open_, {})
    inputs = {field.key: _GIVEN for field in asked}
    by_value = served.routing.by is not None
    if by_value:
        providers = _providers(past, served, live, day)
        # Whoever it is: the translation needs one.
        some = next((key for key in (served.routing.provider, *served.routing.table.values()) if key), None)
        open_ = replace(open_, routing=replace(served.routing, by=None, provider=some))
    try:
        translated = translation.to_national(
            request,
            open_,
            mappings,
            inputs=inputs,
            message_id=_GIVEN,
            request_id=_GIVEN,
            conversation_id=_GIVEN,
            now=_NEVER,
        )
    except translation.Untranslatable as untranslatable:
        return {**_refused(Outcome.UNSUPPORTED, str(untranslatable)), "Mapping": served.key}
    national = translated.request
    there = translation.fields_there(request.subject, mappings.identifiers_without_meaning)
    legal = isinstance(request.subject, LegalPerson)
    rule = translation.rule_for(served.identification, there, legal=legal)
    assert rule is not None, "what was translated was identified by a rule"
    return {
        "Result": ANSWERED,
        "Mapping": served.key,
        "Provider": ", ".join(providers if by_value else (translated.provider_key,)),
        "National evidence type": f"{national.evidence_type.id} {national.evidence_type.version}",
        "Service": national.purpose.service,
        "Legal basis": national.purpose.legal_basis,
        "Formats asked for": ", ".join(
            " ".join(filter(None, (form.media_type, form.data_model))) for form in national.formats
        ),
        "Person found by": ", ".join(rule.fields),
        "Person's fields sent": ", ".join(sorted(there & {*rule.fields, *rule.optional})),
        "Citizen is asked for": ", ".join(field.key for field in asked),
        "Preview": "yes" if reading.needs_preview(request, served) else "no",
        "Fields lost": ", ".join(sorted({loss.place for loss in translated.losses})),
    }


def _refused(outcome: Outcome, reason: str) -> dict[str, str]:
    return {"Result": outcome.value, "Reason": reason}


def _providers(past: PastRequest, served: EvidenceMapping, live: MappingSet, day: date) -> tuple[str, ...]:
    """Who may be asked where that depends on a value: those to which the values of the past now lead."""
    was = live.find(past.evidence_type, day)
    table, otherwise = served.routing.table, served.routing.provider or "none"
    if past.provider is None or was is None or was.routing.by != served.routing.by:
        values = sorted({*table.values(), otherwise})
        return tuple(dict.fromkeys(values))
    values = [value for value, key in was.routing.table.items() if key == past.provider]
    leads = {table.get(value, otherwise) for value in values}
    if past.provider == was.routing.provider:
        leads.add(otherwise)  # some value that the table did not name
        leads |= {key for value, key in table.items() if value not in was.routing.table}
    return tuple(sorted(leads)) or (otherwise,)


def _request(past: PastRequest, shape: Shape) -> EvidenceRequest:
    """A request of that shape; nothing in it says anything."""
    profile = edm.PROFILES.get(past.edm_version) or edm.profile_for(edm.LATEST)
    nobody = Agent(Identifier(_GIVEN), (), classification=AgentRole.EVIDENCE_REQUESTER)
    answered = tuple(shape.answered.split())
    attributes = tuple(SectorSpecificAttribute(_GIVEN, uri, _GIVEN) for uri in answered)
    acting = None
    if shape.representative:
        level = shape.representative.partition(" ")[2] or None
        acting = NaturalPerson(_GIVEN, _GIVEN, _NEVER.date(), level_of_assurance=level)
    companions = tuple(shape.companions.split())
    wanted = []
    for form in shape.forms.split():
        media_type, _, model = form.partition("|")
        wanted.append(
            Distribution(
                media_type,
                model or None,
                languages=tuple(shape.languages.split()),
                associated_documents=companions,
            )
        )
    return EvidenceRequest(
        id=_GIVEN,
        specification_identifier=profile.specification_identifier,
        issue_date_time=_NEVER,
        procedure=(Text(past.procedure),),
        possibility_for_preview=shape.preview == "yes",
        explicit_request_given=shape.explicit == "yes",
        requirements=(),
        evidence_requesters=(nobody,),
        evidence_provider=nobody,
        evidence_type=DataServiceEvidenceType(Identifier(_GIVEN), past.evidence_type, (), tuple(wanted)),
        subject=_subject(shape, attributes),
        authorized_representative=acting,
        evidence_provider_classifications=tuple(
            EvidenceProviderClassification(Identifier(each), supported_values=(_GIVEN,)) for each in answered
        ),
    )


def _subject(shape: Shape, attributes: tuple[SectorSpecificAttribute, ...]) -> NaturalPerson | LegalPerson:
    there = shape.identity.split()
    level = shape.level or None
    # «XX/» is no country: an identifier that had a meaning then has one now.
    eidas = Identifier("XX/XX/-", "eidas") if "identifier" in there else None
    if shape.subject == SubjectKind.LEGAL:
        schemes = [name.removeprefix("identifier:") for name in there if name.startswith("identifier:")]
        return LegalPerson(
            _GIVEN,
            level_of_assurance=level,
            legal_person_identifier=eidas,
            identifiers=tuple(Identifier(_GIVEN, scheme) for scheme in schemes),
            registered_address=Address(_GIVEN) if "registered_address" in there else None,
            sector_specific_attributes=attributes,
        )

    def given(name: str) -> str | None:
        return _GIVEN if name in there else None

    return NaturalPerson(
        _GIVEN if "family_name" in there else "",
        _GIVEN if "given_name" in there else "",
        _NEVER.date() if "date_of_birth" in there else None,
        level_of_assurance=level,
        identifier=eidas,
        birth_name=given("birth_name"),
        place_of_birth=given("place_of_birth"),
        current_address=Address(_GIVEN) if "current_address" in there else None,
        gender=given("gender"),
        sector_specific_attributes=attributes,
    )
