"""A scripted citizen: follows the preview link, logs in, gives what the register needs, decides, returns.

Sees what a browser without scripts sees: pages, forms, redirects over TLS, cookies. Knows the meaning of a
form by its controls, never by the order of its fields.
"""

import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Self

import httpx
import lxml.html
from lxml.html import FormElement, HtmlElement

from intermediary.sandbox.world import World

CANCEL = "cancel"
"""Instead of a person's key: the citizen cancels the login."""


class Choice(StrEnum):
    """What the citizen allows to be sent."""

    ALL = "all"
    FIRST = "first"
    """The first document only."""
    NONE = "none"
    """Declines."""


class Lost(RuntimeError):  # noqa: N818
    """The citizen does not know how to go on; the text has the page's heading, no personal data."""


@dataclass(frozen=True, slots=True)
class Visit:
    """What happened between the preview link and the end of the visit."""

    headings: tuple[str, ...]
    """Main heading of each page seen, repeats left out."""
    documents: int
    """How many documents were offered."""
    opened: tuple[bytes, ...] = field(repr=False)
    """The documents as the preview showed them."""
    returned: bool
    """True where the citizen is back at the portal."""


class Citizen:
    """One browser; use it as a context manager."""

    def __init__(
        self,
        world: World,
        person: str,
        *,
        inputs: Mapping[str, str] | None = None,
        waiting: Callable[[], None] | None = None,
    ) -> None:
        """`person` logs in (a key, or CANCEL); `waiting` is called when a page first asks to wait."""
        self._world, self._person, self._inputs, self._waiting = world, person, inputs or {}, waiting
        self._http = httpx.Client(
            verify=ssl.create_default_context(cafile=str(world.authority)),
            follow_redirects=True,
            timeout=30,
            trust_env=False,
            headers={"Accept": "text/html", "Accept-Language": "en"},
        )
        self._page = httpx.Response(204)
        self._headings: list[str] = []
        self._logged_in = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def visit(self, link: str, choice: Choice = Choice.ALL, *, patience: float = 60) -> Visit:
        """Follow a preview link to the end. Raises Lost where that takes more than `patience` seconds."""
        until = time.monotonic() + patience
        offered, opened = 0, list[bytes]()
        self._open(link)
        while time.monotonic() < until:
            page = self._parse()
            if self._at("portal"):
                return Visit(tuple(self._headings), offered, tuple(opened), returned=True)
            forms = [form for form in page.forms if form.method == "POST" and _buttons(form)]
            if self._at("identity-provider"):
                self._log_in(forms)
            elif (deciding := next((form for form in forms if _boxes(form)), None)) is not None:
                offered = len(_boxes(deciding))
                opened = self._documents(page)
                self._decide(deciding, choice)
            elif (asking := next((form for form in forms if _questions(form)), None)) is not None:
                self._answer(asking)
            elif not self._logged_in and (login := self._link(page, lambda url: url.path.endswith("/login"))):
                self._open(login)
            elif (refresh := _refresh(page)) is not None:
                pause, target = refresh
                if self._waiting is not None:
                    self._waiting()
                    self._waiting = None
                # A page that counts its looks for the way back is taken at its word: the looks are few.
                time.sleep(pause if target else min(pause, 1.0))
                self._open(str(self._page.url.join(target)) if target else str(self._page.url))
            elif back := self._link(page, self._is_portal):
                self._open(back)
            elif leaving := [form for form in forms if self._is_portal(self._target(form))]:
                self._submit(leaving[0], _buttons(leaving[0])[0])
            else:
                return Visit(tuple(self._headings), offered, tuple(opened), returned=False)
        raise Lost(f"{patience} seconds were not enough; the last page was «{self._headings[-1]}»")

    def _at(self, system: str) -> bool:
        return str(self._page.url).startswith(self._world.url(system, "/"))

    def _open(self, url: str) -> None:
        self._keep(self._http.get(url))

    def _keep(self, page: httpx.Response) -> None:
        self._page = page
        found = self._parse().findall(".//h1")
        heading = found[0].text_content().strip() if found else f"HTTP {page.status_code}"
        if not self._headings or self._headings[-1] != heading:
            self._headings.append(heading)

    def _parse(self) -> HtmlElement:
        return lxml.html.fromstring(self._page.text or "<html></html>", base_url=str(self._page.url))

    def _submit(self, form: FormElement, button: HtmlElement) -> None:
        data: dict[str, list[str]] = {}
        for name, value in (*form.form_values(), (button.get("name"), button.get("value", ""))):
            if name:
                data.setdefault(name, []).append(value)
        origin = f"{self._page.url.scheme}://{self._page.url.netloc.decode()}"
        self._keep(self._http.post(self._target(form), data=data, headers={"Origin": origin}))

    def _target(self, form: FormElement) -> httpx.URL:
        return self._page.url.join(form.get("action") or "")

    def _is_portal(self, url: httpx.URL) -> bool:
        return str(url).startswith(self._world.url("portal", "/"))

    def _link(self, page: HtmlElement, wanted: Callable[[httpx.URL], bool]) -> str | None:
        """The first link of the page to where it is wanted."""
        urls = (self._page.url.join(link.get("href", "")) for link in page.iter("a"))
        return next((str(url) for url in urls if wanted(url)), None)

    def _log_in(self, forms: list[FormElement]) -> None:
        self._logged_in = True
        for form in forms:
            for button in _buttons(form):
                if button.get("value") == self._person:
                    self._submit(form, button)
                    return
        raise Lost(f"The login offers no {self._person}")

    def _answer(self, form: FormElement) -> None:
        for control in _questions(form):
            name = control.get("name", "")
            key = name.removeprefix("input-")
            if key in self._inputs:
                form.fields[name] = self._inputs[key]
            elif "required" in control.attrib:
                raise Lost(f"The register wants to know «{key}», and the citizen was not told it")
        self._submit(form, _buttons(form)[0])

    def _decide(self, form: FormElement, choice: Choice) -> None:
        boxes = _boxes(form)
        wanted = {Choice.ALL: len(boxes), Choice.FIRST: 1, Choice.NONE: 0}[choice]
        for n, box in enumerate(boxes):
            box.checked = n < wanted
        buttons = _buttons(form)
        declines = [b for b in buttons if _says(b, "decline")]
        approves = [b for b in buttons if not _says(b, "decline")]
        self._submit(form, (declines or approves if choice is Choice.NONE else approves)[0])

    def _documents(self, page: HtmlElement) -> list[bytes]:
        """Open every document that the page links to, once."""
        urls = (self._page.url.join(link.get("href", "")) for link in page.iter("a"))
        links = dict.fromkeys(
            url.copy_with(query=None)
            for url in urls
            if "/documents/" in url.path and not url.path.endswith("/view")
        )
        return [self._http.get(link).raise_for_status().content for link in links]


def _buttons(form: FormElement) -> list[HtmlElement]:
    found = form.xpath(".//button[not(@type) or @type='submit'] | .//input[@type='submit']")
    assert isinstance(found, list)
    return [button for button in found if isinstance(button, HtmlElement)]


def _boxes(form: FormElement) -> list[lxml.html.InputElement]:
    return [
        c for c in form.iter("input") if isinstance(c, lxml.html.InputElement) and c.get("type") == "checkbox"
    ]


def _questions(form: FormElement) -> list[HtmlElement]:
    silent = ("hidden", "submit", "checkbox", "button")
    return [
        c
        for c in form.iter("input", "select", "textarea")
        if c.get("name") and not (c.tag == "input" and c.get("type") in silent)
    ]


def _says(button: HtmlElement, word: str) -> bool:
    return any(word in (button.get(name) or "") for name in ("value", "name", "formaction"))


def _refresh(page: HtmlElement) -> tuple[float, str] | None:
    """Seconds after which the page wants to be opened again (meta refresh), and where (empty: here)."""
    for meta in page.iter("meta"):
        if meta.get("http-equiv", "").lower() == "refresh":
            pause, _, target = meta.get("content", "1").partition(";")
            return float(pause), target.strip().removeprefix("url=")
    return None
