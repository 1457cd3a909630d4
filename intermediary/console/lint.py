"""What the rules say of all mappings, in force or being made: the same as `mappings lint --store`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from intermediary.console.access import Operator, Role
from intermediary.console.desk import Desk
from intermediary.console.languages import catalogue
from intermediary.console.pages import _N, Area
from intermediary.console.service import Part
from intermediary.mapping import Found, LintFinding, MappingStore, Severity, lint_store
from intermediary.mapping.rulebook import RULES

PAGE: Final = 50
STATES: Final[Mapping[str, tuple[str, str]]] = {
    "live": ("success", _N("live")),
    "draft": ("info", _N("draft")),
    "in-review": ("warning", _N("in review")),
    "approved": ("info", _N("approved")),
    "pending": ("info", _N("if what is pending goes live")),
}
"""Of what a finding is → kind of badge, name."""
SEVERITIES: Final[Mapping[str, tuple[str, str]]] = {
    "error": ("danger", _N("error")),
    "warning": ("warning", _N("warning")),
}
State = Literal["live", "draft", "in-review", "approved", "pending"]


class FindingOut(BaseModel):
    """What a rule says of an entry."""

    rule: str = Field(description="Id of the rule; it never changes")
    severity: Literal["error", "warning"]
    entry: str = Field(description="`evidence/<key>`, `provider/<key>`, `platform`, `references`")
    path: list[str | int] = Field(description="The way to the field inside the entry's document")
    text: str = Field(description="What is wrong")
    remedy: str = Field(description="What to do")
    state: State = Field(description="`live`, that of the pending version, or `pending`: of several together")
    version: int | None = Field(description="None where it is about no version of its own")


class FindingsOut(BaseModel):
    """All findings, errors first."""

    errors: int
    warnings: int
    findings: list[FindingOut]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which findings are to be shown; empty: all."""

    entry: str = ""
    rule: str = ""
    severity: str = ""
    state: str = ""

    def fits(self, found: Found) -> bool:
        """Whether a finding is one of them."""
        f = found.finding
        return (
            self.entry in ("", f.entry)
            and self.rule in ("", f.rule)
            and self.severity in ("", f.severity)
            and self.state in ("", found.state)
        )


def said(finding: LintFinding, language: str) -> tuple[str, str]:
    """Text and remedy of a finding in a language."""
    rule = RULES.get(finding.rule)
    if rule is None:
        return finding.text, finding.remedy
    translate, values = catalogue(language).gettext, dict(finding.values)
    return translate(rule.text) % values, translate(rule.remedy) % values


def lint_part(store: MappingStore) -> Part:
    """The area. Errors of what is in force are told on the home page by the area of mappings."""

    def pages(desk: Desk) -> APIRouter:
        router = APIRouter(include_in_schema=False)

        @router.get("/lint")
        def lint(
            request: Request,
            operator: Annotated[Operator, Depends(desk.may(Role.VIEWER))],
            page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
        ) -> Response:
            asked = request.query_params
            chosen = Filter(*(asked.get(name, "")[:100] for name in ("entry", "rule", "severity", "state")))
            language = desk.tongue(request).language
            everything = lint_store(store, desk.clock().date())
            shown = [found for found in everything if chosen.fits(found)]
            last = max(1, -(-len(shown) // PAGE))
            number = min(page, last)
            return desk.page(
                request,
                operator,
                "lint.html",
                rows=shown[(number - 1) * PAGE : number * PAGE],
                count=len(shown),
                total=len(everything),
                wrong=_errors(everything),
                page=number,
                pages=last,
                chosen=chosen,
                entries=sorted({found.finding.entry for found in everything if found.finding.entry}),
                rules=sorted({found.finding.rule for found in everything}),
                states=STATES,
                severities=SEVERITIES,
                words_of=lambda finding: said(finding, language),
                where=_where,
                edit=lambda found: _edit(operator, found),
            )

        return router

    def api(desk: Desk) -> APIRouter:
        router = APIRouter(tags=["lint"])

        @router.get("/findings", summary="What the rules say of what is live and of what is pending")
        def findings(
            _caller: Annotated[Operator, Depends(desk.caller(Role.VIEWER))],
            entry: Annotated[str, Query(max_length=100)] = "",
            rule: Annotated[str, Query(max_length=100)] = "",
            severity: Annotated[Literal["error", "warning"] | None, Query()] = None,
            state: Annotated[State | None, Query()] = None,
        ) -> FindingsOut:
            chosen = Filter(entry, rule, severity or "", state or "")
            shown = [f for f in lint_store(store, desk.clock().date()) if chosen.fits(f)]
            errors = _errors(shown)
            return FindingsOut(
                errors=errors, warnings=len(shown) - errors, findings=[_out(found) for found in shown]
            )

        return router

    area = Area(
        "/lint",
        _N("Lint"),
        "checklist",
        (Role.VIEWER,),
        _N("What the rules say of all mappings and providers, in force or being made."),
    )
    return Part(pages, api, (area,))


def _errors(found: Iterable[Found]) -> int:
    return sum(f.finding.severity is Severity.ERROR for f in found)


def _out(found: Found) -> FindingOut:
    f = found.finding
    return FindingOut(
        rule=f.rule,
        severity=f.severity.value,
        entry=f.entry,
        path=list(f.path),
        text=f.text,
        remedy=f.remedy,
        state=found.state,
        version=found.version,
    )


def _where(finding: LintFinding) -> str:
    """The way to the field; positions in lists as people count."""
    return " › ".join(str(step + 1) if isinstance(step, int) else step for step in finding.path)


def _edit(operator: Operator, found: Found) -> str:
    """Where an operator mends it, else where they read it; below the base path."""
    entry = found.finding.entry
    if not entry:
        return ""
    if operator.has(Role.EDITOR) and entry.startswith(("evidence/", "provider/")):
        return f"/mappings/{entry}/edit"
    if found.version is not None and found.state != "live":
        return f"/mappings/{entry}/versions/{found.version}"
    return f"/mappings/{entry}"
