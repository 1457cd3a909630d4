"""The page «choose who you are»: plain HTML, one button per test person, no script."""

from collections.abc import Mapping
from html import escape

from intermediary.sandbox.people import PEOPLE, Person

_STYLE = """
body{font:1.125rem/1.5 system-ui,sans-serif;margin:0;color:#111;background:#f4f5f7}
main{max-width:42rem;margin:0 auto;padding:1.5rem}
h1{font-size:1.6rem}
ul{list-style:none;padding:0}
li{margin:0 0 .75rem}
button{font:inherit;text-align:left;width:100%;padding:.75rem 1rem;
border:2px solid #1d4f91;border-radius:.25rem;
background:#fff;color:#111;cursor:pointer}
button:hover{background:#e8f0fa}
button:focus-visible{outline:4px solid #b8860b;outline-offset:2px}
button.cancel{border-color:#555}
small{display:block;color:#333;font-size:1rem}
"""


def page(asked: Mapping[str, str]) -> str:
    """The whole page; `asked` are the parameters of the authorization request, carried along in the form."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in asked.items()
    )
    buttons = "".join(f"<li>{_button(who)}</li>" for who in PEOPLE)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Choose who you are – sandbox login</title><style>{_STYLE}</style></head><body><main>"
        "<h1>Choose who you are</h1>"
        "<p>This login belongs to the sandbox. All persons are invented; there is no password.</p>"
        f'<form method="post" action="/authorize">{hidden}<ul>{buttons}</ul>'
        '<button class="cancel" type="submit" name="person" value="cancel">Cancel and go back</button>'
        "</form></main></body></html>"
    )


def _button(who: Person) -> str:
    represents = f", for {who.represents.name}" if who.represents else ""
    return (
        f'<button type="submit" name="person" value="{escape(who.key)}">'
        f"{escape(who.given_names)} {escape(who.family_name)}{escape(represents)}"
        f"<small>born {who.date_of_birth.isoformat()}, level of assurance {escape(who.assurance)}: "
        f"{escape(who.remark)}</small></button>"
    )
