"""Checks what a provider says of its test system, before anything is called."""

import yaml
from cryptography import x509

from intermediary.console.pages import _N
from intermediary.console.selfservice.drafting import url_error
from intermediary.console.selfservice.runs import Endpoint
from intermediary.national.rest.options import options_problems
from intermediary.provider_kit import PlanInvalid, read_plan

_LONGEST = 64 * 1024
_CERTIFICATES = 10
_DEEPEST = 20


def connection_errors(endpoint: Endpoint) -> tuple[dict[str, str], tuple[str, ...]]:
    """What is wrong, by field (messages of the catalogue), and technical details, a line each."""
    errors: dict[str, str] = {}
    details: list[str] = []
    if (wrong := url_error(endpoint.url)) is not None:
        errors["url"] = wrong
    if endpoint.protocol not in ("xnachweis", "rest"):
        errors["protocol"] = _N("Choose one of the protocols.")
    elif endpoint.protocol == "rest" and (found := _options(endpoint.options)):
        errors["options"] = _N("The description cannot be used; the details are below.")
        details += found
    if endpoint.ca and (wrong := _ca(endpoint.ca)) is not None:
        errors["ca"] = wrong
    try:
        read_plan(endpoint.test_data)
    except PlanInvalid as invalid:
        errors["test_data"] = _N("The test data cannot be used; the details are below.")
        details += str(invalid).splitlines()
    return errors, tuple(details[:50])


def _options(text: str) -> list[str]:
    if len(text) > _LONGEST:
        return ["more than 64 KB"]
    try:
        depth = 0
        for event in yaml.parse(text, yaml.SafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST or isinstance(event, yaml.AliasEvent):
                return ["nested too deep, or with aliases (*name): write it plainly"]
        said = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return ["this is not YAML: mend the indentation, quotes and colons"]
    if not isinstance(said, dict):
        return ["write `request:` and `answer:`"]
    return [f"{p.place}: {p.text}. {p.remedy}" for p in options_problems(said)]


def _ca(text: str) -> str | None:
    if len(text) > _LONGEST:
        return _N("This is too long.")
    if "PRIVATE KEY" in text:
        return _N("This holds a private key: make a new one, for it is no secret any more. Give the CA only.")
    try:
        found = x509.load_pem_x509_certificates(text.encode("ascii"))
    except ValueError:  # UnicodeEncodeError too
        return _N("This is no certificate in PEM form (-----BEGIN CERTIFICATE-----).")
    if len(found) > _CERTIFICATES:
        return _N("At most ten certificates.")
    return None


def example_options() -> str:
    """The form of a REST provider's description."""
    return """\
request:
  method: POST
  path: /v1/evidence
  body: {name: "{subject.family_name}", given: "{subject.given_names}", born: "{subject.date_of_birth}"}
answer:
  statuses: {"404": not-found, "409": ambiguous, "403": rejected}
  evidence:
    id: $.id
    issuing_date: $.issued
    issuing_authority: {id: "urn:de:behoerde:example", name: Example authority}
    representations:
      - {media_type: application/pdf, base64: $.pdf}
"""
