"""Templates with placeholders for values of a request: `{subject.family_name}`, `{additional.plate?}`.

A `?` marks a value that may be missing: it then leaves nothing behind, and a query parameter or body member
that consists of it alone is left out. A missing value without `?` is an error. Known placeholders:
REQUEST_VALUES, `subject.<field>` for the fields in SUBJECT_VALUES, `subject.address.<field>`,
`subject.identifier.<scheme>`, and `additional.<key>`.
"""

import re
from collections.abc import Callable

from intermediary.national.errors import NationalUnwritable, Problem
from intermediary.national.model import NationalAddress, NationalLegalPerson, NationalRequest

REQUEST_VALUES: dict[str, Callable[[NationalRequest], str | None]] = {
    "message_id": lambda r: r.message_id,
    "request_id": lambda r: r.request_id,
    "conversation_id": lambda r: r.conversation_id,
    "issued_at": lambda r: r.issued_at.isoformat(),
    "sender.id": lambda r: r.sender.id,
    "recipient.id": lambda r: r.recipient.id,
    "evidence_type.id": lambda r: r.evidence_type.id,
    "evidence_type.version": lambda r: r.evidence_type.version,
    "purpose.service": lambda r: r.purpose.service,
    "purpose.legal_basis": lambda r: r.purpose.legal_basis,
    "purpose.eu_procedure": lambda r: r.purpose.eu_procedure,
    "level_of_assurance": lambda r: r.level_of_assurance,
    "language": lambda r: r.language,
}
_NATURAL = ("family_name", "given_names", "date_of_birth", "birth_name", "place_of_birth", "gender")
SUBJECT_VALUES = (*_NATURAL, "national_id", "eidas_id", "eidas_country", "name")
_ADDRESS_VALUES = tuple(NationalAddress.__dataclass_fields__)
_PLACEHOLDER = re.compile(r"\{([a-z_]+(?:\.[A-Za-z0-9_-]+)*)(\?)?\}")


def template_problem(template: str) -> str | None:
    """What is wrong with a template, or None."""
    for found in _PLACEHOLDER.finditer(template):
        if not _known(found[1]):
            return f"the placeholder {{{found[1]}}} is not known"
    if set(_PLACEHOLDER.sub("", template)) & set("{}"):
        return "there is a brace that belongs to no placeholder"
    return None


def has_optional(template: str) -> bool:
    """True where some placeholder is marked with `?`."""
    return any(found[2] for found in _PLACEHOLDER.finditer(template))


def fill(
    template: str, request: NationalRequest, place: str, quote: Callable[[str], str] = str
) -> str | None:
    """The template with its values, each passed through `quote`; None where all it has are values that may be
    missing, and are. Raises NationalUnwritable where a value is missing that must be there.
    """
    missing: list[str] = []
    given = False

    def value(found: re.Match[str]) -> str:
        nonlocal given
        text = _value(found[1], request)
        if text is None or text == "":
            if not found[2]:
                missing.append(found[1])
            return ""
        given = True
        return quote(text)

    text = _PLACEHOLDER.sub(value, template)
    if missing:
        raise NationalUnwritable(
            Problem(
                "XR-VALUE-MISSING",
                place,
                None,
                f"the request has no {' and no '.join(missing)}",
                "Make it an identification field or a required input of the mapping, or mark it with «?».",
            )
        )
    return text if given or text or not _PLACEHOLDER.search(template) else None


def _known(name: str) -> bool:
    head, _, rest = name.partition(".")
    if head == "additional":
        return bool(rest)
    if head == "subject":
        kind, _, field = rest.partition(".")
        if kind == "identifier":
            return bool(field)
        return rest in SUBJECT_VALUES if kind != "address" else field in _ADDRESS_VALUES
    return name in REQUEST_VALUES


def _value(name: str, request: NationalRequest) -> str | None:
    head, _, rest = name.partition(".")
    if head == "additional":
        return dict(request.additional).get(rest)
    if head != "subject":
        return REQUEST_VALUES[name](request)
    subject = request.subject
    kind, _, field = rest.partition(".")
    if kind == "identifier":
        return dict(subject.identifiers).get(field) if isinstance(subject, NationalLegalPerson) else None
    if kind == "address":
        return None if subject.address is None else getattr(subject.address, field)
    value = getattr(subject, rest, None)
    return None if value is None else str(value)
