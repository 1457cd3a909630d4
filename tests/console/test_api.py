"""The HTTP API is as its description says, whatever it is asked (schemathesis)."""

from itertools import count
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks, not_a_server_error
from starlette.testclient import TestClient

API = "/console/api/v1"
EVERYBODY = ("vera", "erik", "anna", "otto", "ada")
load_all_checks()
CHECKS = schemathesis.checks.CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
    ]
)


def token(platform: TestClient, who: str) -> dict[str, str]:
    """Headers with a token of one of the sandbox's operators."""
    accept = {"accept": "application/json"}
    said = platform.post("/console/login/development", data={"who": who}, headers=accept).json()
    return {"Authorization": f"Bearer {said['access_token']}"}


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_the_api_is_as_it_is_described(platform: TestClient, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_asgi(f"{API}/openapi.json", platform.app)
    tokens, asked, statuses = [token(platform, who) for who in EVERYBODY], count(), set[int]()
    # The directories of this sandbox do not run: each question would be asked three times.
    for found in schema.exclude(path_regex="^/directories/").get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]

        @settings(
            max_examples=10,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            response = case.call(headers=tokens[next(asked) % len(tokens)])
            statuses.add(response.status_code)
            if "%0A" in str(response.request.url):
                return  # starlette knows no path with a line's end: it says so before the API is reached
            assert response.status_code != 500, case.as_curl_command()
            case.validate_response(response, checks=CHECKS, excluded_checks=[not_a_server_error])

        ask()
    assert next(asked) > 200
    assert {200, 403, 422} <= statuses


def test_nothing_is_told_without_a_token(platform: TestClient) -> None:
    described = platform.get(f"{API}/openapi.json").json()
    assert described["components"]["securitySchemes"]
    platform.cookies.clear()
    for path, operations in described["paths"].items():
        for method in operations:
            url = API + path.replace("{entry}", "platform").replace("{number}", "1")
            answer = platform.request(method, url)
            assert answer.status_code == 401, f"{method} {path}: {answer.status_code} {answer.text}"
