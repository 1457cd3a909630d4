"""The compiler on what the public sets do not use yet, but the standard knows."""

# ruff: noqa: E501 - rule files are easier to read unbroken

from datetime import UTC, datetime
from pathlib import Path

import pytest

from intermediary import xml
from intermediary.validation.releases import (
    ReleaseRefused,
    ReleaseStore,
    UnknownSchematron,
    compile_schematron,
)
from tests.validation.releases.sets import folder, request, schematron, slot

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def fired(tmp_path: Path, content: dict[str, str], *slots: str) -> list[str]:
    """Ids that fire, in order."""
    store = ReleaseStore(tmp_path / "releases")
    store.add(folder(tmp_path / "set", content), "oots-9.9", NOW)
    try:
        return [finding.rule for finding in store.get("oots-9.9").check(xml.parse(request(*slots)))]
    finally:
        store.close()


def test_abstract_patterns_and_rules_and_lets_of_a_pattern(tmp_path: Path) -> None:
    text = """
    <sch:pattern abstract="true" id="needs"><sch:let name="n" value="count(rim:Slot)"/>
      <sch:rule context="$where"><sch:assert test="$n &gt; $least" id="FEW">few</sch:assert></sch:rule></sch:pattern>
    <sch:pattern is-a="needs"><sch:param name="where" value="query:QueryRequest"/><sch:param name="least" value="2"/>
    </sch:pattern>
    <sch:pattern><sch:rule abstract="true" id="named"><sch:assert test="@name='A'" id="NAME">n</sch:assert></sch:rule>
      <sch:rule context="rim:Slot"><sch:extends rule="named"/><sch:report test="@name='B'" id="B">b</sch:report></sch:rule>
    </sch:pattern>"""
    assert fired(tmp_path, {"EDM-REQ-S.sch": schematron(text)}, slot("B", "1")) == [
        "FEW",
        "NAME",
        "NAME",
        "B",
    ]


def test_includes_from_within_the_set(tmp_path: Path) -> None:
    main = schematron('<sch:include href="codelist-include/part.sch"/><sch:pattern><sch:rule context="rim:Slot">'
                      '<sch:extends href="codelist-include/rule.sch#r"/></sch:rule></sch:pattern>')  # fmt: skip
    wrapped = '<sch:{} xmlns:sch="http://purl.oclc.org/dsdl/schematron"{}>{}</sch:{}>'
    part = wrapped.format("pattern", "", '<sch:rule context="query:QueryRequest"><sch:assert test="0" id="P">p</sch:assert></sch:rule>', "pattern")  # fmt: skip
    rule = wrapped.format("pattern", "", '<sch:rule abstract="true" id="r"><sch:assert test="0" id="Q">q</sch:assert></sch:rule>', "pattern")  # fmt: skip
    content = {
        "sch/EDM-REQ-S.sch": main, "sch/codelist-include/part.sch": part, "sch/codelist-include/rule.sch": rule,
    }  # fmt: skip
    assert fired(tmp_path, content) == ["P", "Q"]


@pytest.mark.parametrize(
    "href", ["missing.sch", "../../../etc/passwd", "EDM-REQ-S.sch", "http://a.example/x.sch"]
)
def test_includes_that_lead_out_or_never_end_are_refused(tmp_path: Path, href: str) -> None:
    content = {"EDM-REQ-S.sch": schematron(f'<sch:include href="{href}"/>')}
    with pytest.raises(ReleaseRefused):
        fired(tmp_path, content)


def test_keys_and_functions_are_taken_over_if_they_only_compute(tmp_path: Path) -> None:
    text = """<xsl:function xmlns:xsl="http://www.w3.org/1999/XSL/Transform" name="query:long">
      <xsl:param name="t"/><xsl:sequence select="string-length($t) > 3"/></xsl:function>
      <sch:pattern><sch:rule context="rim:Slot"><sch:assert test="query:long(@name)" id="F">f</sch:assert></sch:rule>
      </sch:pattern>"""
    assert fired(tmp_path, {"EDM-REQ-S.sch": schematron(text)}, slot("abc", "1")) == ["F"]
    evil = text.replace("<xsl:sequence", '<xsl:result-document href="/tmp/x"/><xsl:sequence')
    with pytest.raises(UnknownSchematron):
        compile_schematron(xml.parse(schematron(evil).encode()), "OWN")


def test_text_nodes_are_contexts_too(tmp_path: Path) -> None:
    text = '<sch:pattern><sch:rule context="rim:SlotValue/text()"><sch:report test=". = \'x\'" id="T">t</sch:report></sch:rule></sch:pattern>'
    assert fired(tmp_path, {"EDM-REQ-S.sch": schematron(text)}, slot("A", "x")) == ["T"]


def test_words_that_stand_in_elements_are_kept_and_values_are_not() -> None:
    text = '<sch:pattern><sch:rule context="a"><sch:assert test="b">A <sch:emph>big</sch:emph> <sch:name/> is \'<sch:value-of select="c"/>\'.</sch:assert></sch:rule></sch:pattern>'
    (test,) = compile_schematron(xml.parse(schematron(text).encode()), "OWN").tests
    assert test.text == "A big … is '…'."
    assert test.id == "OWN#p1r1a1"
