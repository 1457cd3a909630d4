"""The shape of a request: what decides how it is answered, and nothing of the person it is about. Pure.

Names of what was there, never what it said: kept in the log with the request, so that operators can see what
a change of the mappings would have meant for the requests that came (`dryrun.replay`).
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields

from intermediary.edm.model import EvidenceRequest, LegalPerson, NaturalPerson
from intermediary.mapping.model import SubjectKind
from intermediary.translation import fields_there

_PLAIN = re.compile(r"[^\s,|]{1,300}")
"""What may be kept of a text that a partner wrote: a name or URI."""
_ABOUT = {
    NaturalPerson: (
        *("family_name", "given_name", "date_of_birth", "identifier", "birth_name", "place_of_birth"),
        *("current_address", "gender"),
    ),
    LegalPerson: ("legal_name", "registered_address"),
}


@dataclass(frozen=True, slots=True)
class Shape:
    """Of one request; every field as words of a log."""

    subject: str
    """`natural` or `legal`."""
    level: str = ""
    """Level of assurance of the subject."""
    representative: str = ""
    """`yes` where somebody acts for the subject, and at which level: `yes Substantial`."""
    identity: str = ""
    """Names of the fields that were there, as an IdentificationRule names them."""
    forms: str = ""
    """What was asked for, in its order: «media type», «media type|data model», separated by spaces."""
    companions: str = ""
    """Companions that were asked for (2.0)."""
    languages: str = ""
    answered: str = ""
    """Identifiers of the questions and URIs of the attributes that the request answers."""
    explicit: str = ""
    preview: str = ""
    """`yes` where the user may be sent to a preview."""

    def said(self) -> dict[str, str]:
        """For an event; empty fields are left out."""
        return {f"asked_{f.name}": value for f in fields(self) if (value := getattr(self, f.name))}

    @classmethod
    def read(cls, data: Mapping[str, str]) -> "Shape | None":
        """From an event; None where it is from before shapes were kept."""
        if "asked_subject" not in data:
            return None
        return cls(**{f.name: data.get(f"asked_{f.name}", "") for f in fields(cls)})


def shape_of(request: EvidenceRequest, identifiers_without_meaning: Collection[str]) -> Shape:
    """The shape of a request; an eIDAS identifier that says nothing here is as if it were not there."""
    subject, acting = request.subject, request.authorized_representative
    wanted = request.evidence_type.distributed_as
    there = fields_there(subject, identifiers_without_meaning)
    people = [person for person in (subject, acting) if person is not None]
    answered = [
        *(c.identifier.value for c in request.evidence_provider_classifications if c.supported_values),
        *(a.uri for person in people for a in person.sector_specific_attributes if a.value),
    ]
    return Shape(
        subject=SubjectKind.LEGAL if isinstance(subject, LegalPerson) else SubjectKind.NATURAL,
        level=_words([subject.level_of_assurance or ""]),
        representative=f"yes {_words([acting.level_of_assurance or ''])}".strip() if acting else "",
        identity=_words(name for name in identity_fields(subject) if name in there),
        forms=" ".join("|".join(_kept([w.format, w.conforms_to or ""])) for w in wanted),
        companions=_words(sorted({str(c) for w in wanted for c in w.associated_documents})),
        languages=_words(lang for w in wanted for lang in w.languages),
        answered=_words(answered),
        explicit="yes" if request.explicit_request_given else "",
        preview="yes" if request.possibility_for_preview else "",
    )


def identity_fields(person: NaturalPerson | LegalPerson) -> tuple[str, ...]:
    """Names of the identity fields that are there."""
    found = [name for name in _ABOUT[type(person)] if getattr(person, name)]
    if isinstance(person, LegalPerson):
        found += ["identifier"] if person.legal_person_identifier else []
        found += sorted({f"identifier:{i.scheme_id}" for i in person.identifiers if i.scheme_id})
    return tuple(found)


def _words(texts: Iterable[str]) -> str:
    return " ".join(_kept(texts))


def _kept(texts: Iterable[str]) -> list[str]:
    return [text for text in map(str.strip, texts) if _PLAIN.fullmatch(text)]
