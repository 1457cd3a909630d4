"""The answer of a REST provider, read by its description."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import NoReturn, cast

from jsonpath import JSONPathError
from pydantic import JsonValue

from intermediary.national.errors import NationalUnreadable, Problem
from intermediary.national.model import (
    Authority,
    Format,
    NationalAnswer,
    NationalEvidence,
    NationalRequest,
    Outcome,
    Representation,
)
from intermediary.national.rest.options import (
    JSONPATH,
    AnswerOptions,
    EvidenceOptions,
    RepresentationOptions,
    parse_options,
)

_CODE = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_EVIDENCES = 1000
_READ = (200, 201)
_LATER = 202


def read(
    status: int,
    content_type: str,
    body: bytes,
    options: Mapping[str, object],
    request: NationalRequest,
    *,
    linked: Mapping[str, bytes] | None = None,
) -> NationalAnswer:
    """The answer; `linked` holds the content of what `links` named. Raises NationalUnreadable.

    A status that is neither 200, 201, 202 nor in the description's table is not readable: it says nothing
    about the evidence. LATER is to be asked again by the same request (`poll_url` is None).
    """
    answer = parse_options(options).answer
    listed = answer.statuses.get(str(status))
    if listed is not None:
        return NationalAnswer(request.request_id, listed, code=f"HTTP-{status}")
    if status == _LATER:
        return NationalAnswer(request.request_id, Outcome.LATER)
    if status not in _READ:
        _refuse(
            "XR-STATUS", "status", f"HTTP {status} means nothing by the description", "List it in `statuses`."
        )
    return _Reading(answer, _parse(content_type, body), request, linked or {}).answer()


def links(content_type: str, body: bytes, options: Mapping[str, object]) -> tuple[str, ...]:
    """URLs, as written, that must be fetched before a 200 can be read. Raises NationalUnreadable."""
    answer = parse_options(options).answer
    if all(form.link is None for form in answer.evidence.representations):
        return ()
    document = _parse(content_type, body)
    if _outcome(answer, document)[0] is not Outcome.DELIVERED:
        return ()
    found = []
    for evidence in _evidences(answer, document):
        for form in answer.evidence.representations:
            url = None if form.link is None else _text(evidence, form.link)
            found += [url] if url else []
    return tuple(dict.fromkeys(found))


def _refuse(rule: str, place: str, text: str, remedy: str) -> NoReturn:
    raise NationalUnreadable(Problem(rule, place, None, text, remedy))


def _parse(content_type: str, body: bytes) -> JsonValue:
    kind = content_type.partition(";")[0].strip().lower()
    if kind != "application/json" and not re.fullmatch(r"application/[a-z0-9.+-]+\+json", kind):
        _refuse("XR-CONTENT-TYPE", "content-type", "the answer is not JSON", "Send application/json.")
    try:
        document: JsonValue = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        _refuse("XR-JSON", "body", "the answer is not JSON, or nested too deep", "Send well-formed JSON.")
    return document


def _no_constant(_: str) -> NoReturn:
    raise ValueError


def _nodes(document: JsonValue, path: str) -> list[JsonValue]:
    if not isinstance(document, dict | list):
        # The library would parse a string as JSON; by RFC 9535 a scalar has no children.
        return [document] if path == "$" else []
    try:
        return [cast("JsonValue", match.obj) for match in JSONPATH.compile(path).finditer(document)]
    except (JSONPathError, RecursionError):
        return []


def _text(document: JsonValue, path: str) -> str | None:
    """The first match as text; a constant where `path` is none."""
    if not path.startswith("$"):
        return path
    node = next(iter(_nodes(document, path)), None)
    if isinstance(node, bool) or not isinstance(node, str | int | float):
        return None
    return str(node).strip() or None


def _outcome(answer: AnswerOptions, document: JsonValue) -> tuple[Outcome, str | None]:
    code = None if answer.code is None else _text(document, answer.code)
    # Only what looks like a code may reach a log.
    code = code if code and _CODE.fullmatch(code) else None
    if answer.outcome is None:
        return Outcome.DELIVERED, code
    said = _text(document, answer.outcome.path)
    outcome = answer.outcome.values.get(said or "")
    if outcome is None:
        _refuse(
            "XR-OUTCOME",
            answer.outcome.path,
            "the outcome is not in the table",
            "Add it to `outcome.values`.",
        )
    return outcome, code


def _evidences(answer: AnswerOptions, document: JsonValue) -> list[JsonValue]:
    if answer.evidences is None:
        return [document]
    found = _nodes(document, answer.evidences)
    if len(found) > _EVIDENCES:
        _refuse("XR-LIMIT", answer.evidences, f"more than {_EVIDENCES} evidences", "Narrow the request.")
    return found


class _Reading:
    """One answer being read; defects are collected, then raised at once."""

    def __init__(
        self,
        answer: AnswerOptions,
        document: JsonValue,
        request: NationalRequest,
        linked: Mapping[str, bytes],
    ) -> None:
        self._options, self._document, self._request, self._linked = answer, document, request, linked
        self._problems: list[Problem] = []

    def answer(self) -> NationalAnswer:
        """The whole answer. Raises NationalUnreadable."""
        outcome, code = _outcome(self._options, self._document)
        request_id = self._request.request_id
        if outcome is Outcome.LATER:
            return NationalAnswer(request_id, outcome, available_at=self._available_at(), code=code)
        if outcome is not Outcome.DELIVERED:
            return NationalAnswer(request_id, outcome, code=code)
        found = _evidences(self._options, self._document)
        if not found:
            return NationalAnswer(request_id, Outcome.NOT_FOUND, code=code)
        evidences = tuple(self._evidence(node, number) for number, node in enumerate(found, 1))
        if self._problems:
            raise NationalUnreadable(*self._problems)
        return NationalAnswer(request_id, outcome, evidences, code=code)

    def _problem(self, rule: str, place: str, text: str, remedy: str) -> None:
        self._problems.append(Problem(rule, place, None, text, remedy))

    def _available_at(self) -> datetime | None:
        path = self._options.available_at
        text = None if path is None else _text(self._document, path)
        if text is None:
            return None
        try:
            when = datetime.fromisoformat(text)
        except ValueError:
            return None
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)

    def _evidence(self, node: JsonValue, number: int) -> NationalEvidence:
        options: EvidenceOptions = self._options.evidence
        request = self._request
        forms = tuple(
            Representation(Format(form.media_type, form.data_model, form.language), content)
            for n, form in enumerate(options.representations)
            if (content := self._content(node, form, f"evidence[{number}].representations[{n}]"))
        )
        if not forms:
            remedy = "Mend the paths of its representations."
            self._problem("XR-CONTENT", f"evidence[{number}]", "the evidence has no content", remedy)
        return NationalEvidence(
            evidence_id=(_text(node, options.id) if options.id else None) or f"{request.request_id}-{number}",
            evidence_type=request.evidence_type,
            issuing_authority=Authority(
                self._required(node, options.issuing_authority.id, number),
                self._required(node, options.issuing_authority.name, number),
            ),
            issuing_date=self._day(node, options.issuing_date, number) or date.min,
            representations=forms,
            valid_from=self._day(node, options.valid_from, number, required=False),
            valid_until=self._day(node, options.valid_until, number, required=False),
        )

    def _required(self, node: JsonValue, path: str, number: int) -> str:
        text = _text(node, path)
        if text is None:
            self._problem("XR-MISSING", f"evidence[{number}] {path}", "there is no value", "Mend the path.")
        return text or ""

    def _day(self, node: JsonValue, path: str | None, number: int, *, required: bool = True) -> date | None:
        text = None if path is None else _text(node, path)
        if path is None or (text is None and not required):
            return None
        try:
            return datetime.fromisoformat(text or "").date()
        except ValueError:
            remedy = "The path must lead to a date such as 2026-03-01."
            self._problem("XR-DATE", f"evidence[{number}] {path}", "there is no date", remedy)
            return None

    def _content(self, node: JsonValue, form: RepresentationOptions, place: str) -> bytes:
        """The bytes of one form; empty where it has none."""
        content = b""
        if form.tree is not None:
            found = _nodes(node, form.tree)
            content = json.dumps(found[0], ensure_ascii=False).encode("utf-8", "replace") if found else b""
        elif form.link is not None:
            content = self._linked.get(_text(node, form.link) or "", b"")
        elif form.text is not None:
            content = (_text(node, form.text) or "").encode("utf-8", "replace")
        elif form.base64 is not None:
            try:
                content = base64.b64decode("".join((_text(node, form.base64) or "").split()), validate=True)
            except (binascii.Error, ValueError):
                self._problem(
                    "XR-BASE64", place, "the content is not base64", "Encode it as RFC 4648 §4 says."
                )
        if not content and not form.optional:
            remedy = "Mend the path, or make the form `optional`."
            self._problem("XR-CONTENT", place, "there is no content", remedy)
        return content
