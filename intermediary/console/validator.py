"""The self-check inside the console: any message, any release, two side by side. Nothing is kept."""

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, Literal, Protocol

from fastapi import APIRouter, Depends
from fastapi.exceptions import RequestValidationError
from lxml import etree
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from intermediary.console.access import Operator, Role
from intermediary.console.checking import Checked, Checker, as_json, known_releases, words
from intermediary.console.desk import Desk, Submitted
from intermediary.console.languages import catalogue
from intermediary.console.pages import _N, Area
from intermediary.console.refusals import refusals
from intermediary.console.service import Part
from intermediary.console.validate import REFUSALS, STATES
from intermediary.validation import Finding, Report, UnknownRelease, ValidationError

MOST_BYTES: Final = 8 * 1024 * 1024
_OFFICIAL: Final = "official/"


class Official(Protocol):
    """An installed official release (`validation.releases.InstalledRelease`)."""

    @property
    def name(self) -> str: ...

    def check(self, root: etree._Element) -> Sequence[Finding]: ...


@dataclass(frozen=True, slots=True)
class _Alone:
    """An official release that judges alone, whatever version a message names."""

    official: Official

    def check(self, root: etree._Element, _release: str) -> Report:
        return Report(tuple(self.official.check(root)))


class Bench:
    """Checks by the built-in rules, or by one official release alone."""

    def __init__(self, checker: Checker, installed: Callable[[], Iterable[Official]]) -> None:
        self._checker, self._installed = checker, installed

    def choices(self) -> tuple[tuple[str, str], ...]:
        """What one may check against: value and name. Empty value: as the message says."""
        official = sorted(release.name for release in self._installed())
        return (
            *((release, release) for release in known_releases()),
            *((f"{_OFFICIAL}{name}", name) for name in official),
        )

    def check(self, data: bytes, name: str, choice: str) -> Checked:
        """Raises UnknownRelease, ValidationError (an installation that is incomplete)."""
        if not choice.startswith(_OFFICIAL):
            return self._checker.check(data, name, choice or None)
        wanted = choice.removeprefix(_OFFICIAL)
        official = next((release for release in self._installed() if release.name == wanted), None)
        if official is None:
            raise UnknownRelease(known_releases())
        checked = Checker(_Alone(official)).check(data, name)
        return replace(
            checked,
            parts=tuple(replace(p, release=wanted) if p.release != "none" else p for p in checked.parts),
        )


class Unanswerable(Exception):  # noqa: N818 - as those of the self-check
    """Nothing was checked; `reason` is one of REFUSALS."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _checked(bench: Bench, data: bytes, name: str, choices: Sequence[str]) -> tuple[Checked, ...]:
    if not data.strip():
        raise Unanswerable("empty")
    if len(data) > MOST_BYTES:
        raise Unanswerable("large")
    try:
        return tuple(bench.check(data, name, choice) for choice in choices)
    except UnknownRelease:
        raise Unanswerable("release") from None
    except ValidationError:
        raise Unanswerable("broken") from None


def _only(checked: Checked, other: Checked) -> tuple[Finding, ...]:
    """What one release says and the other does not, by rule and place."""
    said = {(f.rule, f.place) for f in other.findings}
    return tuple(f for f in checked.findings if (f.rule, f.place) not in said)


class ValidationIn(BaseModel):
    """A message to be checked."""

    model_config = ConfigDict(extra="forbid")

    message: str = Field(min_length=1, max_length=MOST_BYTES * 4 // 3 + 4, description="The message")
    encoding: Literal["text", "base64"] = "text"
    release: str = Field("", max_length=200, description="Empty: as the message says")
    compare: str = Field("", max_length=200, description="Another release to check against, too")
    language: Literal["en", "de"] = "en"


class FindingOut(BaseModel):
    """What a rule says of a message."""

    rule: str
    severity: Literal["error", "warning", "info"]
    kind: str = ""
    place: str
    line: int | None
    text: str
    expected: str = ""
    seen: str = ""
    remedy: str = ""
    source: str = ""
    release: str


class OutcomeOut(BaseModel):
    """What one release says of a message."""

    release: str
    valid: bool
    findings: list[FindingOut]
    only_here: list[str] = Field(description="Rules that the other release does not find broken")


class ValidationOut(BaseModel):
    """What one or two releases say."""

    valid: bool
    outcomes: list[OutcomeOut]


def validator_part(checker: Checker, installed: Callable[[], Iterable[Official]] = tuple) -> Part:
    """The area."""
    bench = Bench(checker, installed)

    def pages(desk: Desk) -> APIRouter:
        router = APIRouter(include_in_schema=False)

        def page(request: Request, operator: Operator, status: int = 200, **context: Any) -> Response:
            shown: dict[str, Any] = {"checked": (), "only": (), "release": "", "compare": "", "text": ""}
            return desk.page(
                request,
                operator,
                "validator.html",
                status=status,
                **{**shown, **context},
                choices=bench.choices(),
                megabytes=MOST_BYTES // 1024 // 1024,
                states=STATES,
                words=words,
            )

        @router.get("/validator")
        def form(request: Request, operator: Annotated[Operator, Depends(desk.may(Role.VIEWER))]) -> Response:
            return page(request, operator)

        @router.post("/validator")
        def check(request: Request, sent: Annotated[Submitted, Depends(desk.form(Role.VIEWER))]) -> Response:
            data, name = _message(sent)
            release, compare = sent.text("release")[:200], sent.text("compare")[:200]
            chosen: dict[str, Any] = {"release": release, "compare": compare, "text": sent.text("text")}
            try:
                found = _checked(bench, data, name, [release, *([compare] if compare else [])])
            except Unanswerable as refused:
                sent.record("message-validated", refused=refused.reason)
                reason = _reason(refused.reason, desk.tongue(request).language)
                return page(request, sent.operator, 422, **chosen, errors={"file": reason})
            valid = [c.valid for c in found]
            sent.record("message-validated", releases=[c.release for c in found], valid=valid)
            only = (_only(found[0], found[1]), _only(found[1], found[0])) if len(found) > 1 else ()
            return page(request, sent.operator, **chosen, checked=found, only=only)

        return router

    def api(desk: Desk) -> APIRouter:
        router = APIRouter(tags=["validator"])

        @router.post(
            "/validations",
            summary="Check a message; nothing is kept",
            responses=refusals(s503="The checks of this installation are incomplete"),
        )
        def validate(
            _caller: Annotated[Operator, Depends(desk.caller(Role.VIEWER))], asked: ValidationIn
        ) -> ValidationOut:
            try:
                data = _utf8(asked.message)
                if asked.encoding == "base64":
                    data = base64.b64decode(data, validate=True)
            except (binascii.Error, ValueError):
                raise _invalid("message", "this is no base64") from None
            choices = [asked.release, *([asked.compare] if asked.compare else [])]
            try:
                found = _checked(bench, data, "message", choices)
            except Unanswerable as refused:
                if refused.reason == "broken":
                    raise _unready() from None
                field = "release" if refused.reason == "release" else "message"
                raise _invalid(field, _reason(refused.reason, "en")) from None
            outcomes = []
            for index, checked in enumerate(found):
                only = _only(checked, found[1 - index]) if len(found) > 1 else ()
                told = as_json(checked, asked.language)
                outcomes.append(
                    OutcomeOut(
                        release=checked.release,
                        valid=checked.valid,
                        findings=[FindingOut.model_validate(f) for f in told["findings"]],
                        only_here=list(dict.fromkeys(f.rule for f in only)),
                    )
                )
            return ValidationOut(valid=all(c.valid for c in found), outcomes=outcomes)

        return router

    area = Area(
        "/validator",
        _N("Validator"),
        "checklist",
        (Role.VIEWER,),
        _N("Check a message by the rules of any release, or of two side by side."),
    )
    return Part(pages, api, (area,))


def _message(sent: Submitted) -> tuple[bytes, str]:
    """What was sent, and what it is called. A file that was chosen comes before pasted text."""
    file = sent.fields.get("file")
    if isinstance(file, UploadFile) and (data := file.file.read()):
        return data, (file.filename or "message")[:200]
    return _utf8(sent.text("text")), "message"


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _reason(reason: str, language: str) -> str:
    values = {"megabytes": MOST_BYTES // 1024 // 1024, "releases": ", ".join(known_releases())}
    return catalogue(language).gettext(REFUSALS[reason]) % values


def _invalid(field: str, text: str) -> RequestValidationError:
    return RequestValidationError([{"type": "value_error", "loc": ("body", field), "msg": text}])


def _unready() -> HTTPException:
    return HTTPException(503, "The checks of this installation are incomplete")
