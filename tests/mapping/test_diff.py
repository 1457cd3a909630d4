"""What differs between two versions."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from intermediary.mapping import Difference, Kind, diff, documents_of, parse, render
from intermediary.mapping.documents import canonical
from tests.mapping.studio import LICENCE, SHIPPED

names = st.sampled_from("abcd")
plain: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from("xyz"),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(names, inner, max_size=3)
        | st.lists(
            st.builds(lambda key, rest: {"key": key, **rest}, names, st.dictionaries(names, inner)),
            max_size=3,
            unique_by=lambda item: item["key"],
        )
    ),
    max_leaves=12,
)
documents = st.dictionaries(names, plain, max_size=4)


def at(value: Any, path: tuple[str | int, ...]) -> Any:
    """What stands at a path."""
    for step in path:
        value = value[step]
    return value


@given(documents, documents)
def test_every_difference_is_where_it_says(old: dict[str, Any], new: dict[str, Any]) -> None:
    for found in diff(old, new):
        if found.kind is Kind.REMOVED:
            assert at(old, found.path[:1]) is not None or found.old is None
        else:
            assert at(new, found.path) == found.new
        assert found.old != found.new or type(found.old) is not type(found.new) or found.old is None


@given(documents, documents)
def test_there_is_a_difference_exactly_where_documents_differ(old: Any, new: Any) -> None:
    def exact(value: Any) -> str:
        if isinstance(value, dict):
            return repr(sorted((key, exact(item)) for key, item in value.items()))
        return repr([exact(item) for item in value]) if isinstance(value, list) else repr(value)

    assert bool(diff(old, new)) == (exact(old) != exact(new))


@given(documents)
def test_from_nothing_all_is_added(new: dict[str, Any]) -> None:
    assert diff(None, new) == tuple(Difference((name,), Kind.ADDED, new=new[name]) for name in new)
    assert {d.kind for d in diff(new, None)} <= {Kind.REMOVED}


def test_an_item_put_in_between_is_one_difference() -> None:
    old = {"formats": [{"media_type": "a"}, {"media_type": "c"}], "additional_inputs": [{"key": "x"}]}
    new = {
        "formats": [{"media_type": "a"}, {"media_type": "b"}, {"media_type": "c"}],
        "additional_inputs": [{"key": "y"}, {"key": "x", "pattern": "1"}],
    }
    assert [str(d) for d in diff(old, new)] == [
        "+ formats.1: {'media_type': 'b'}",
        "+ additional_inputs.0: {'key': 'y'}",
        "+ additional_inputs.1.pattern: 1",
    ]


def test_one_field_of_many_is_named() -> None:
    old = documents_of(SHIPPED)[LICENCE]
    new = {**old, "titles": {**old["titles"], "fr": "Permis"}, "legal_basis": "§ 1"}
    assert [(d.path, d.kind) for d in diff(old, new)] == [
        (("titles", "fr"), Kind.ADDED),
        (("legal_basis",), Kind.CHANGED),
    ]


def test_an_entry_goes_through_yaml_unchanged() -> None:
    for entry, document in documents_of(SHIPPED).items():
        assert canonical(entry, parse(entry, render(document)), SHIPPED.references) == document
