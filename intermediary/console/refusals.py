"""How the HTTP API refuses: problem details (RFC 9457), all of one shape, with the findings of rules."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from starlette.responses import JSONResponse, Response

from intermediary.mapping import (
    FourEyes,
    LintFinding,
    MappingConflict,
    MappingError,
    MappingInvalid,
    MappingMissing,
)

_FINDING: Final[Mapping[str, Any]] = {
    "type": "object",
    "required": ["rule", "severity", "entry", "path", "text", "remedy"],
    "properties": {
        "rule": {"type": "string", "description": "Id of the rule, or empty"},
        "severity": {"type": "string", "enum": ["error", "warning"]},
        "entry": {"type": "string", "description": "`evidence/<key>`, `provider/<key>`, …, or empty"},
        "path": {"type": "array", "items": {"type": ["string", "integer"]}},
        "text": {"type": "string", "description": "What is wrong"},
        "remedy": {"type": "string", "description": "What to do"},
    },
}
PROBLEM: Final[Mapping[str, Any]] = {
    "type": "object",
    "required": ["status", "detail"],
    "properties": {
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "findings": {"type": "array", "items": _FINDING},
    },
}
"""The schema of a refusal."""


def refusals(**described: str) -> dict[int | str, dict[str, Any]]:
    """For `responses=`: e.g. `refusals(s409="somebody was faster")`."""
    return {
        int(status[1:]): {
            "description": text,
            "content": {"application/problem+json": {"schema": dict(PROBLEM)}},
        }
        for status, text in described.items()
    }


ALWAYS: Final = refusals(
    s400="The body cannot be read",
    s401="No token, or one that is not valid",
    s403="The operator has no role that may do this",
    s404="There is nothing of that name",
    s422="What was sent has not the shape, or breaks rules; `findings` say where and what to do",
)
"""What any call may answer."""


def problem_details(
    status: int, detail: str, headers: object = None, findings: Iterable[Mapping[str, Any]] | None = None
) -> Response:
    """An RFC 9457 answer."""
    said: dict[str, Any] = {"status": status, "detail": detail}
    if findings is not None:
        said["findings"] = list(findings)
    extra = dict(headers) if isinstance(headers, dict) else None
    return JSONResponse(said, status, extra, media_type="application/problem+json")


def of_mappings(error: MappingError) -> Response:
    """What the mapping store refused."""
    if isinstance(error, MappingInvalid):
        findings = [finding(f) for f in error.findings]
        return problem_details(422, "The rules refuse this", findings=findings)
    if isinstance(error, MappingMissing):
        return problem_details(404, str(error))
    if isinstance(error, FourEyes):
        return problem_details(403, str(error))
    if isinstance(error, MappingConflict):
        return problem_details(409, str(error))
    return problem_details(500, "Something broke here; the log says what")


def of_shape(error: RequestValidationError) -> Response:
    """What was sent has not the shape; what was sent is not repeated."""
    findings = [
        {
            "rule": "",
            "severity": "error",
            "entry": "",
            "path": [step if isinstance(step, int) else str(step) for step in problem["loc"]],
            "text": str(problem["msg"]),
            "remedy": "Send it as the description of the API says.",
        }
        for problem in error.errors()
    ]
    return problem_details(422, "What was sent has not the shape that is expected", findings=findings)


def finding(found: LintFinding) -> dict[str, Any]:
    """A finding for machines."""
    return {
        "rule": found.rule,
        "severity": str(found.severity),
        "entry": found.entry,
        "path": list(found.path),
        "text": found.text,
        "remedy": found.remedy,
    }
