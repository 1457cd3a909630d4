"""The three queries, as values, and how they become parameters (RegRep 4 REST binding, TDD 3.1, 3.2)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, urlencode

from intermediary.directory.codes import VERSION_1_0, JurisdictionLevel, QueryId
from intermediary.directory.errors import QueryInvalid
from intermediary.directory.model import AdditionalInput

_KNOWN: Final[Mapping[QueryId, tuple[str, ...]]] = {
    QueryId.REQUIREMENTS: (
        "procedure-id", "country-code", "jurisdiction-admin-l2", "jurisdiction-admin-l3", "return-incomplete",
    ),
    QueryId.EVIDENCE_TYPES: (
        "requirement-id", "country-code", "jurisdiction-admin-l2", "jurisdiction-admin-l3",
    ),
}  # fmt: skip
_REQUIRED: Final[Mapping[QueryId, tuple[str, ...]]] = {
    QueryId.REQUIREMENTS: (),
    QueryId.EVIDENCE_TYPES: ("requirement-id",),
    QueryId.DATA_SERVICES: ("evidence-type-classification", "country-code"),
}
_PLAIN: Final = ("evidence-type-classification", "country-code", "specification")
"""What a data services query says without anything that a user has told."""


@dataclass(frozen=True, slots=True)
class Query:
    """One question to EB or DSD. Parameters without a value are left out.

    Raises QueryInvalid when one is missing that has to be there, or is not known to the query.
    """

    id: QueryId
    parameters: tuple[tuple[str, str], ...] = field(repr=False)
    """Sorted by name; values may be personal (a user's answers), so never shown whole."""

    def __post_init__(self) -> None:
        given = dict(self.parameters)
        kept = tuple(sorted((name, value) for name, value in given.items() if value))
        if len(given) != len(self.parameters):
            raise QueryInvalid(f"{self.id}: a parameter is there twice; give each once")
        object.__setattr__(self, "parameters", kept)
        for name in _REQUIRED[self.id]:
            if not given.get(name):
                raise QueryInvalid(f"{self.id}: {name} is missing")
        known = _KNOWN.get(self.id)
        if known is not None and (foreign := sorted(given.keys() - set(known))):
            raise QueryInvalid(f"{self.id}: {foreign[0]} is not a parameter of this query")

    @property
    def personal(self) -> bool:
        """True where it carries what a user has said: never cached, never logged."""
        return self.id is QueryId.DATA_SERVICES and any(name not in _PLAIN for name, _ in self.parameters)

    def encoded(self) -> str:
        """The query string, percent-encoded."""
        return urlencode([("queryId", self.id.value), *self.parameters], quote_via=quote, safe="")


def requirements_query(procedure: str = "", country: str = "", *, incomplete: bool = False) -> Query:
    """Which requirements a procedure has in the requesting country; without either, the whole catalogue."""
    given = [("procedure-id", procedure), ("country-code", country)]
    return Query(
        QueryId.REQUIREMENTS, (*given, ("return-incomplete", "true")) if incomplete else tuple(given)
    )


def evidence_types_query(requirement: str, country: str = "") -> Query:
    """Which evidence types prove a requirement in the providing country; without one, in all."""
    return Query(QueryId.EVIDENCE_TYPES, (("requirement-id", requirement), ("country-code", country)))


def data_services_query(
    classification: str,
    country: str,
    *,
    specification: str = "",
    said: Mapping[str, str] | None = None,
) -> Query:
    """Who issues an evidence type in a country; `said` are the parameters of `answers_to`.

    `specification` filters by EDM version (from interface 1.1 on).
    """
    given = {
        "evidence-type-classification": classification,
        "country-code": country,
        "specification": specification,
    }
    return Query(QueryId.DATA_SERVICES, tuple({**(said or {}), **given}.items()))


def answers_to(
    asked: AdditionalInput, *, place: str = "", values: Mapping[str, str], evidence_type_id: bool = True
) -> dict[str, str]:
    """The parameters that answer DSD:ERR:0005 (TDD 3.2; section 5.2 of the working specification).

    `place`: the code for the jurisdiction level; `values`: by identifier of the concept. `evidence_type_id`
    is for 1.0 and 1.1 only. Raises QueryInvalid, naming the question that has no answer.
    """
    said = {"evidence-type-id": asked.evidence_type.identifier} if evidence_type_id else {}
    if (determination := asked.determination) is not None:
        said["jurisdiction-context-id"] = determination.context_id
        parameter = determination.level.parameter
        if parameter is not None and not place:
            raise QueryInvalid(f"a code of level {determination.level} is missing")
        if parameter is not None:
            said[parameter] = place
    for concept in asked.classifications:
        if not values.get(concept.identifier):
            raise QueryInvalid(f"there is no value for {concept.identifier}")
        said[concept.identifier] = values[concept.identifier]
    return said


def unsupported(query: Query, version: str) -> Iterable[str]:
    """Names of parameters that an interface version (`oots-cs:v2.0`) no longer has."""
    if has_places(version):
        return ()
    gone = ("jurisdiction-admin-l2", "jurisdiction-admin-l3", "evidence-type-id")
    return tuple(name for name, _ in query.parameters if name in gone)


def has_places(version: str | None) -> bool:
    """Whether an interface version asks for places; from 2.0 on it is all classification."""
    return (version or VERSION_1_0).rpartition(":v")[2].partition(".")[0] == "1"


def place_fits(level: JurisdictionLevel, code: str) -> bool:
    """Whether a code may be one of that level: NUTS codes are the country and one to three more signs."""
    if level is JurisdictionLevel.LAU:
        return bool(code) and code.replace("-", "").replace("_", "").isalnum()
    lengths = {JurisdictionLevel.NUTS1: 3, JurisdictionLevel.NUTS2: 4, JurisdictionLevel.NUTS3: 5}
    wanted = lengths.get(level)
    return wanted is None or (len(code) == wanted and code.isalnum() and code.isascii())
