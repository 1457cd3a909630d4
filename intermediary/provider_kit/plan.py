"""What a provider says of its test system: the evidence type, and a test person for each case."""

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from intermediary.national.model import (
    Authority,
    Format,
    NationalEvidenceType,
    NationalLegalPerson,
    NationalNaturalPerson,
    NationalRequest,
    Purpose,
)
from intermediary.provider_kit.errors import PlanInvalid

Word = Annotated[str, Field(min_length=1, max_length=500)]
CaseName = Literal[
    "delivered",
    "several",
    "large",
    "characters",
    "deferred",
    "callback",
    "unknown",
    "ambiguous",
    "rejected",
    "missing_input",
]
LARGEST_PLAN = 64 * 1024
"""Characters of test data."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class NaturalSubject(_Strict):
    """A test person."""

    family_name: Word
    given_names: Word
    date_of_birth: date
    birth_name: Word | None = None
    place_of_birth: Word | None = None
    gender: Word | None = None


class LegalSubject(_Strict):
    """A test company; `identifiers`: scheme (register, euid, lei, vat) to value."""

    name: Word
    identifiers: dict[Word, Word] = Field(default_factory=dict, max_length=10)


class Subject(_Strict):
    """Whom a case asks about, and with which further inputs."""

    natural: NaturalSubject | None = None
    legal: LegalSubject | None = None
    inputs: dict[Word, Word] = Field(default_factory=dict, max_length=20)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.natural is None) == (self.legal is None):
            raise ValueError("give exactly one of natural and legal")
        return self

    def person(self) -> NationalNaturalPerson | NationalLegalPerson:
        """As a request names it."""
        if self.legal is not None:
            return NationalLegalPerson(self.legal.name, tuple(self.legal.identifiers.items()))
        assert self.natural is not None, "checked"
        return NationalNaturalPerson(**self.natural.model_dump())


class EvidenceTypeSaid(_Strict):
    """The national evidence type."""

    id: Word
    version: Word = "1.0"
    title: Word = "Nachweis"


class FormatSaid(_Strict):
    """A form that is asked for."""

    media_type: Word
    data_model: Word | None = None
    language: Word | None = None


class TokensSaid(_Strict):
    """Tokens that the kit cannot get by itself."""

    expired: Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,16384}$")] | None = None


class Plan(_Strict):
    """All of it."""

    evidence_type: EvidenceTypeSaid
    formats: tuple[FormatSaid, ...] = Field(min_length=1, max_length=10)
    recipient_id: Word = "urn:intermediary:conformance:provider"
    service: Word = "urn:intermediary:conformance"
    legal_basis: Word = "Art. 14 Regulation (EU) 2018/1724"
    level_of_assurance: Literal["Low", "Substantial", "High"] = "Substantial"
    wait_seconds: Annotated[float, Field(gt=0, le=600)] = 30
    """How long a deferred answer may take."""
    answer_seconds: Annotated[float, Field(gt=0, le=60)] = 30
    """How long one call may take."""
    tokens: TokensSaid = TokensSaid()
    cases: Mapping[CaseName, Subject]

    @model_validator(mode="after")
    def _delivered(self) -> Self:
        if "delivered" not in self.cases:
            raise ValueError("cases: `delivered` is needed, the others are skipped where they are missing")
        return self

    def request(
        self, subject: Subject, at: datetime, *, formats: tuple[FormatSaid, ...] | None = None
    ) -> NationalRequest:
        """A new request about a test person."""
        return NationalRequest(
            message_id=str(uuid.uuid4()),
            request_id=str(uuid.uuid4()),
            conversation_id=str(uuid.uuid4()),
            issued_at=at,
            sender=Authority("urn:intermediary:conformance", "Conformance kit"),
            recipient=Authority(self.recipient_id, "Provider under test"),
            evidence_type=NationalEvidenceType(**self.evidence_type.model_dump()),
            purpose=Purpose(self.service, self.legal_basis),
            level_of_assurance=self.level_of_assurance,
            explicit_request=True,
            preview_by_consumer=False,
            formats=tuple(Format(**form.model_dump()) for form in formats or self.formats),
            subject=subject.person(),
            additional=tuple(subject.inputs.items()),
        )


def read_plan(text: str) -> Plan:
    """Test data from YAML. Raises PlanInvalid; the text names places, never a value."""
    if len(text) > LARGEST_PLAN:
        raise PlanInvalid(f"more than {LARGEST_PLAN} characters: leave out what is no test data")
    try:
        _check_shape(text)
        said = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as broken:
        if isinstance(broken, PlanInvalid):
            raise
        mark = getattr(broken, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark is not None else ""
        raise PlanInvalid(f"{where}this is not YAML: mend the indentation, quotes and colons") from None
    try:
        return Plan.model_validate(said)
    except (ValidationError, RecursionError) as invalid:
        if isinstance(invalid, RecursionError):
            raise PlanInvalid("nested too deep") from None
        lines = []
        for error in invalid.errors(include_input=False, include_url=False)[:50]:
            place = ".".join(str(step)[:60] for step in error["loc"]) or "the file"
            lines.append(f"{place}: {error['msg'].removeprefix('Value error, ')}")
        raise PlanInvalid("\n".join(lines)) from None


def _check_shape(text: str) -> None:
    """Aliases could make a small file large, and depth costs the parser the square of its time."""
    aliases = depth = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        aliases += isinstance(event, yaml.AliasEvent)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if aliases > 50 or depth > 20:
            raise PlanInvalid("more than 50 aliases (*name), or nested too deep: write it plainly")


def template() -> str:
    """A file to fill in."""
    return _TEMPLATE


_TEMPLATE = """\
# Test data for `intermediary provider check`: which persons of your TEST system show which case.
# Use invented persons only. A case that is left out is skipped; `delivered` is needed.

evidence_type:
  id: urn:de:nachweistyp:example
  version: "1.0"
  title: Example evidence
formats:                        # what the platform asks for
  - media_type: application/xml
    data_model: urn:de:example:evidence:1
  - media_type: application/pdf
recipient_id: urn:de:behoerde:example
level_of_assurance: Substantial
wait_seconds: 30                # how long your deferred answer may take in the test
answer_seconds: 30              # how long one call may take

tokens: {}
  # expired: eyJhbGciOi         # an access token for you whose time is over

cases:
  delivered:                    # one person, found at once, with evidence
    natural: {family_name: Mustermann, given_names: Erika, date_of_birth: 1964-08-12}
    inputs: {}                  # further inputs of your mapping, e.g. {kennzeichen: B-XY 123}
    # a company, instead of natural:
    # legal: {name: Muster GmbH, identifiers: {euid: DEX.HRB1}}
  unknown:                      # nobody of that name
    natural: {family_name: Niemand, given_names: Nina, date_of_birth: 1980-01-01}
  # ambiguous:                  # more than one person fits
  #   natural: {family_name: Müller, given_names: Thomas, date_of_birth: 1970-05-05}
  # rejected:                   # you must not tell (a bar on disclosure)
  #   natural: {family_name: Gesperrt, given_names: Gabi, date_of_birth: 1975-03-03}
  # missing_input:              # an input is left out without which you cannot decide
  #   natural: {family_name: Mustermann, given_names: Erika, date_of_birth: 1964-08-12}
  # deferred:                   # the answer comes later: 202 with Location, or the outcome «later»
  #   natural: {family_name: Später, given_names: Sven, date_of_birth: 1968-02-02}
  # callback:                   # the answer comes later, and you push it to the platform
  #   natural: {family_name: Rückruf, given_names: Rita, date_of_birth: 1969-06-06}
  # several:                    # several documents for one person
  #   natural: {family_name: Vielfach, given_names: Vera, date_of_birth: 1972-09-09}
  # large:                      # a document that is too large for the message itself (more than 6 MB)
  #   natural: {family_name: Gross, given_names: Gerd, date_of_birth: 1955-10-10}
  # characters:                 # a name with letters beyond ASCII and Latin-1
  #   natural: {family_name: Đorđević, given_names: René, date_of_birth: 1978-07-21}
"""
