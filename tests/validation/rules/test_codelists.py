"""The lists that ship are the published ones; genericode is read whatever its key column is called."""

from pathlib import Path

import pytest

from intermediary.validation import codelists
from intermediary.validation.codelists import CodeList, CodeListUnusable, code_list, load_genericode
from tests.oracles import OOTS, requires_official

SHIPPED = sorted(path.stem for path in Path(codelists.__file__).parent.glob("*.txt"))
PUBLISHED = sorted((OOTS / "1.0" / "codelists").glob("*/*.gc"))
NOT_WELL_FORMED = "EDMErrorCodes-CodeList.gc"
GENERICODE = """<gc:CodeList xmlns:gc="http://docs.oasis-open.org/codelist/ns/genericode/1.0/">
<Identification><ShortName>L</ShortName><Version>1</Version><CanonicalUri>urn:l</CanonicalUri></Identification>
<ColumnSet><Column Id="Name"/><Column Id="K"/><Key Id="k"><ColumnRef Ref="K"/></Key></ColumnSet>
<SimpleCodeList><Row><Value ColumnRef="Name"><SimpleValue>no</SimpleValue></Value>
<Value ColumnRef="K"><SimpleValue> A </SimpleValue></Value></Row></SimpleCodeList></gc:CodeList>"""


@requires_official
def test_the_lists_that_ship_are_the_published_ones() -> None:
    published = [load_genericode(p.read_bytes()) for p in PUBLISHED if p.name != NOT_WELL_FORMED]
    assert {(each.uri, each.version, each.codes) for each in published} == {
        (each.uri, each.version, each.codes) for each in map(code_list, SHIPPED)
    }


def test_the_key_column_is_found_and_codes_are_trimmed() -> None:
    assert load_genericode(GENERICODE.encode()) == CodeList("L", "1", "urn:l", frozenset({"A"}))


@pytest.mark.parametrize("name", SHIPPED)
def test_the_compact_form_is_read_as_it_was_written(name: str) -> None:
    assert CodeList.from_text(code_list(name).to_text()) == code_list(name)


@pytest.mark.parametrize(("old", "new"), [("SimpleCodeList", "Simple"), ('ColumnRef="K"', 'ColumnRef="X"')])
def test_what_is_no_list_is_refused(old: str, new: str) -> None:
    with pytest.raises(CodeListUnusable):
        load_genericode(GENERICODE.replace(old, new).encode())


def test_unknown_lists_and_broken_files_are_named() -> None:
    with pytest.raises(CodeListUnusable):
        code_list("no-such-list")
    with pytest.raises(CodeListUnusable):
        CodeList.from_text("name: L\n\nA\n")
