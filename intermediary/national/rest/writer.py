"""A request to a REST provider, from its description."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from pydantic import JsonValue

from intermediary.national.errors import NationalUnwritable, Problem
from intermediary.national.model import NationalRequest
from intermediary.national.rest.options import parse_options
from intermediary.national.rest.template import fill


@dataclass(frozen=True, slots=True)
class HttpCall:
    """One HTTP request; the caller adds authorisation and idempotency key. URL and body may name a person."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)


def build(base_url: str, request: NationalRequest, options: Mapping[str, object]) -> HttpCall:
    """The call that asks for the evidence. Raises NationalUnwritable.

    Values are percent-encoded whole: none can add a path segment, a parameter or a member of the body.
    """
    ask = parse_options(options).request
    path = "/".join(_segment(segment, request) for segment in ask.path.split("/"))
    parameters = []
    for name, template in ask.query.items():
        value = fill(template, request, f"request.query.{name}", _encode)
        if value is not None:
            parameters.append(f"{_encode(name)}={value}")
    url = base_url.rstrip("/") + path + ("?" + "&".join(parameters) if parameters else "")
    if ask.body is None:
        return HttpCall(ask.method, url, ask.headers)
    body = json.dumps(_filled(ask.body, request, "request.body"), ensure_ascii=False).encode()
    return HttpCall(ask.method, url, {**ask.headers, "Content-Type": "application/json"}, body)


def _encode(text: str) -> str:
    try:
        return quote(text, safe="")
    except UnicodeEncodeError:
        problem = Problem(
            "XR-CHARACTERS", "request", None, "a value is not Unicode", "Remove lone surrogates."
        )
        raise NationalUnwritable(problem) from None


def _segment(template: str, request: NationalRequest) -> str:
    segment = fill(template, request, "request.path", _encode) or ""
    # Dots are not percent-encoded, and clients and servers resolve such segments.
    if segment in (".", ".."):
        text, remedy = "a value would change the path", "Give the input a `pattern` in the mapping."
        raise NationalUnwritable(Problem("XR-PATH", "request.path", None, text, remedy))
    return segment


def _filled(value: JsonValue, request: NationalRequest, place: str) -> JsonValue:
    """A copy with templates filled; members that are missing and may be are left out."""
    if isinstance(value, str):
        return fill(value, request, place)
    if isinstance(value, list):
        return [_filled(item, request, f"{place}.{n}") for n, item in enumerate(value)]
    if isinstance(value, dict):
        filled = {key: _filled(item, request, f"{place}.{key}") for key, item in value.items()}
        return {key: item for key, item in filled.items() if item is not None or value[key] is None}
    return value
