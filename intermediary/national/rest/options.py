"""How a REST provider is described in the mapping: the strict schema of `Provider.options`.

    request:
      method: POST                         # or GET
      path: /v2/vehicles/{additional.licence_plate}
      query: {lang: "{language?}"}
      headers: {X-Client-Purpose: EU-OOTS} # constants
      body: {person: {name: "{subject.family_name}", born: "{subject.date_of_birth}"}}
    answer:
      statuses: {"404": not-found, "409": ambiguous}
      outcome: {path: $.result, values: {HIT: delivered, NONE: not-found}}
      code: $.code
      available_at: $.readyAt              # for the outcome later
      evidences: $.documents[*]            # without it the whole answer is one evidence
      evidence:                            # paths from the evidence; no leading $: a constant
        id: $.id
        issuing_date: $.issued
        issuing_authority: {id: kba, name: Kraftfahrt-Bundesamt}
        representations:
          - {media_type: application/pdf, base64: $.pdf}
          - {media_type: application/json, json: $.data, data_model: "https://example.org/vehicle/1"}

Paths are JSONPath (RFC 9535). Content is exactly one of `base64`, `text`, `json` (the sub-tree) and `link`
(an URL on the provider's own origin, fetched by GET).
"""

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from jsonpath import JSONPathEnvironment, JSONPathError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from intermediary.national.errors import NationalUnwritable, Problem
from intermediary.national.model import Outcome
from intermediary.national.rest.template import has_optional, template_problem

JSONPATH = JSONPathEnvironment(strict=True)
_OURS = {
    "authorization",
    "host",
    "idempotency-key",
    "accept",
    "accept-encoding",
    "transfer-encoding",
    "connection",
}


def _path(text: str) -> str:
    try:
        JSONPATH.compile(text)
    except JSONPathError:
        raise ValueError("this is not a JSONPath (RFC 9535)") from None
    return text


def _path_or_constant(text: str) -> str:
    return _path(text) if text.startswith("$") else text


def _template(text: str) -> str:
    problem = template_problem(text)
    if problem:
        raise ValueError(problem)
    return text


def _url_path(text: str) -> str:
    if not text.startswith("/") or text.startswith("//") or any(c in text for c in "#\\ \t\r\n"):
        raise ValueError("the path begins with one slash and has no space, # or backslash")
    if "?" in re.sub(r"\{[^}]*\}", "", text):
        raise ValueError("parameters belong into `query`")
    if any(segment in (".", "..") for segment in text.split("/")):
        raise ValueError("the path has a segment . or ..")
    if has_optional(text):
        raise ValueError("a value of the path may not be missing: remove the ?")
    return text


def _header(headers: Mapping[str, str]) -> Mapping[str, str]:
    for name, value in headers.items():
        if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", name) or not re.fullmatch(r"[\x20-\x7e]{0,500}", value):
            raise ValueError(f"{name!r} is not a header with an ASCII value")
        if name.lower() in _OURS or name.lower().startswith("content-"):
            raise ValueError(f"the header {name} is set by the platform")
    return headers


def _body(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        _template(value)
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _body(item)
    return value


JsonPath = Annotated[str, AfterValidator(_path)]
Value = Annotated[str, Field(min_length=1), AfterValidator(_path_or_constant)]
Template = Annotated[str, AfterValidator(_template)]
UrlPath = Annotated[str, AfterValidator(_url_path), AfterValidator(_template)]
Headers = Annotated[Mapping[str, str], AfterValidator(_header)]
Body = Annotated[JsonValue, AfterValidator(_body)]
Status = Annotated[str, Field(pattern=r"^[1-5][0-9][0-9]$")]
MediaType = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class RequestOptions(_Strict):
    """How to ask."""

    method: Literal["GET", "POST"] = "GET"
    path: UrlPath
    query: Mapping[str, Template] = {}
    headers: Headers = {}
    body: Body = None

    @model_validator(mode="after")
    def _get_has_no_body(self) -> Self:
        if self.method == "GET" and self.body is not None:
            raise ValueError("GET has no body: use POST or query")
        return self


class OutcomeOptions(_Strict):
    """Where the answer says how it went, and in which words."""

    path: JsonPath
    values: Mapping[str, Annotated[Outcome, Field(strict=False)]] = Field(min_length=1)


class AuthorityOptions(_Strict):
    """Who issued the evidence."""

    id: Value
    name: Value


class RepresentationOptions(_Strict):
    """One form of an evidence and where its content is."""

    media_type: MediaType
    data_model: str | None = None
    language: str | None = None
    base64: JsonPath | None = None
    text: JsonPath | None = None
    # `json` would hide a method of pydantic's
    tree: JsonPath | None = Field(default=None, alias="json")
    link: JsonPath | None = None
    optional: bool = False
    """True: an evidence without it is still an evidence."""

    @model_validator(mode="after")
    def _one_content(self) -> Self:
        if sum(source is not None for source in (self.base64, self.text, self.tree, self.link)) != 1:
            raise ValueError("give exactly one of base64, text, json, link")
        return self


class EvidenceOptions(_Strict):
    """Where the fields of an evidence are."""

    id: Value | None = None
    """Default: the request id with the position of the evidence."""
    issuing_date: Value
    issuing_authority: AuthorityOptions
    valid_from: Value | None = None
    valid_until: Value | None = None
    representations: Annotated[tuple[RepresentationOptions, ...], Field(min_length=1, strict=False)]


class AnswerOptions(_Strict):
    """How to read the answer."""

    statuses: Mapping[Status, Annotated[Outcome, Field(strict=False)]] = {}
    """Status codes that say how it went; 200 and 201 are read, 202 is later, any other is «unavailable»."""
    outcome: OutcomeOptions | None = None
    code: JsonPath | None = None
    available_at: JsonPath | None = None
    evidences: JsonPath | None = None
    """No match: the provider found nothing."""
    evidence: EvidenceOptions

    @model_validator(mode="after")
    def _no_evidence_by_status(self) -> Self:
        if Outcome.DELIVERED in self.statuses.values():
            raise ValueError("statuses: evidence comes with 200 or 201 only; name other outcomes")
        return self


class Options(_Strict):
    """All of `Provider.options`."""

    request: RequestOptions
    answer: AnswerOptions


def options_problems(options: Mapping[str, object]) -> tuple[Problem, ...]:
    """Every defect of a description; `place` is a path such as `answer.evidence.id`."""
    try:
        Options.model_validate(options)
    except ValidationError as invalid:
        return tuple(_problem(error["type"], error["loc"], error["msg"]) for error in invalid.errors())
    return ()


def parse_options(options: Mapping[str, object]) -> Options:
    """The description, typed. Raises NationalUnwritable."""
    problems = options_problems(options)
    if problems:
        raise NationalUnwritable(*problems)
    return Options.model_validate(options)


def _problem(kind: str, loc: tuple[int | str, ...], message: str) -> Problem:
    place = ".".join(str(step) for step in loc) or "options"
    if kind == "extra_forbidden":
        return Problem(
            "XR-OPTION-UNKNOWN", place, None, "this key is not known", "Remove it or mend its spelling."
        )
    if kind == "missing":
        return Problem("XR-OPTION-MISSING", place, None, "this key is missing", "Add it.")
    text = message.removeprefix("Value error, ")
    return Problem("XR-OPTION", place, None, text, "See intermediary/national/rest/options.py for the form.")
