"""The drawing of the states says what the table says."""

from tests.exchange.states_page import PAGE, page


def test_the_page_of_the_states_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.exchange.states_page"
