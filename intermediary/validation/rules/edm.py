"""The rules of the Exchange Data Model, compiled per release at first use."""

from functools import cache

from lxml import etree

from intermediary.validation.rules import (
    error_response,
    request_content,
    request_persons,
    request_prose,
    request_slots,
    response_content,
    response_packages,
    response_slots,
)
from intermediary.validation.rules.compiled import CompiledRules
from intermediary.validation.rules.editions import EDITIONS
from intermediary.validation.rules.model import Kind

_TABLES = (
    request_slots,
    request_content,
    request_persons,
    request_prose,
    response_slots,
    response_content,
    response_packages,
    error_response,
)


@cache
def edm_rules(release: str) -> CompiledRules:
    """The rule set of one EDM release. Raises KeyError for a release that has none."""
    edition = EDITIONS[release]
    return CompiledRules(release, (rule for table in _TABLES for rule in table.rules(edition)), kind_of)


def kind_of(root: etree._Element) -> Kind | None:
    """Which rules are for an EDM message: by root element, exceptions and status."""
    name = etree.QName(root).localname
    if name == "QueryRequest":
        return Kind.REQUEST
    if name != "QueryResponse":
        return None
    failed = (root.get("status") or "").endswith(":Failure")
    return Kind.ERROR if failed or root.find("{*}Exception") is not None else Kind.RESPONSE
