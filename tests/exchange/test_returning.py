"""No open redirect: where a user may be sent back to."""

import pytest

from intermediary.exchange.returning import acceptable_return


@pytest.mark.parametrize(
    "url",
    [
        "https://portal.example/back?session=1",
        "https://portal.example:8443/back",
        "HTTPS://Portal.Example/",
        "  https://portal.example/trimmed ",
    ],
)
def test_an_https_url_of_the_portal_is_accepted(url: str) -> None:
    assert acceptable_return(url, ("portal.example",)) == url.strip()


def test_a_host_below_the_partners_is_accepted() -> None:
    assert acceptable_return("https://a.portal.example/", ("portal.example",))


def test_without_hosts_any_https_url_is_accepted() -> None:
    assert acceptable_return("https://anywhere.example/")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://portal.example/",
        "javascript:alert(1)",
        "data:text/html,x",
        "//portal.example/",
        "/relative",
        "https:///no-host",
        "https://evil.example/",
        "https://portal.example.evil.example/",
        "https://evilportal.example/",
        "https://portal.example@evil.example/",
        "https://user:secret@portal.example/",
        "https://portal.example\\@evil.example/",
        "https://portal.example/\r\nSet-Cookie: a=b",
        "https://portal.example/a b",
        'https://portal.example/"><script>',
        "https://portal.example:port/",
        "https://[::1/",
        "https://portal.example/" + "a" * 2048,
    ],
)
def test_everything_else_is_refused(url: str) -> None:
    assert acceptable_return(url, ("portal.example",)) is None
