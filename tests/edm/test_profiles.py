"""Profiles agree with the official code lists, and versions are found by their identifier."""

import re

import pytest
from lxml import etree

from intermediary import edm
from intermediary.edm.codes import ErrorCode
from intermediary.edm.extras import qname
from intermediary.edm.model import NaturalPerson
from tests.edm import examples
from tests.oracles import OOTS, requires_official


def _rows(name: str) -> list[list[str]]:
    tree = etree.parse(OOTS / "1.0" / "codelists" / "oots" / name)
    return [[str(value.text).strip() for value in row.iter("{*}SimpleValue")] for row in tree.iter("{*}Row")]


@requires_official
@pytest.mark.parametrize("version", edm.PROFILES)
def test_messages_and_types_are_those_of_the_code_list(version: str) -> None:
    rows = {code: (message, kind) for code, message, kind in _rows("EDMErrorCodes-CodeList.repaired.gc")}
    profile = edm.profile_for(version)
    assert rows == {code: (profile.messages[code], qname(code.exception_type)) for code in ErrorCode}


@requires_official
def test_the_severities_of_1_0_are_those_of_the_code_list() -> None:
    severities = {row[0] for row in _rows("ErrorSeverity-CodeList.gc")}
    profile = edm.profile_for("oots-edm:v1.0")
    assert {profile.severity_error, profile.severity_preview_required} < severities


def test_a_version_is_found_with_white_space_around_it() -> None:
    assert edm.profile_for("\n  oots-edm:v1.2 ") is edm.PROFILES["oots-edm:v1.2"]
    assert list(edm.PROFILES)[-1] == edm.LATEST


@pytest.mark.parametrize("identifier", ["", "oots-edm:v3.0", "OOTS-EDM:V1.0", "oots-edm:v1"])
def test_an_unknown_version_is_refused_with_those_that_are_known(identifier: str) -> None:
    with pytest.raises(edm.UnsupportedVersion, match=re.escape("oots-edm:v1.0, oots-edm:v1.1")):
        edm.profile_for(identifier)


def test_the_severity_follows_from_the_preview_unless_stated() -> None:
    profile = edm.profile_for("oots-edm:v1.2")
    (preview,) = examples.preview_required("oots-edm:v1.2").exceptions
    (plain,) = examples.error("oots-edm:v1.2").exceptions
    assert profile.severity_of(preview) == profile.severity_preview_required
    assert profile.severity_of(plain) == profile.severity_error


def test_the_repr_of_a_message_shows_no_personal_data() -> None:
    request = examples.request()
    assert isinstance(request.subject, NaturalPerson)
    shown = repr(request) + repr(examples.response())
    assert "<NaturalPerson>" in shown
    assert request.subject.family_name not in shown
    assert str(request.subject.date_of_birth) not in shown
