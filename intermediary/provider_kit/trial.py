"""One provider on trial: asks as the platform asks, and as it never would, and notes what came."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from intermediary.mapping.model import Provider
from intermediary.national import NationalUnwritable, Problem
from intermediary.national.model import NationalAnswer, NationalRequest, Outcome
from intermediary.provider_kit.cases import _N
from intermediary.provider_kit.contracts import Call, Heard, Line, NoToken, Reply
from intermediary.provider_kit.model import Exchanged, Text, Verdict
from intermediary.provider_kit.plan import Plan, Subject

SHOWN = 10
"""Problems of one case that the report names."""
_WORD = 120
Clock = Callable[[], datetime]


class Ended(Exception):  # noqa: N818
    """A case ends here."""

    def __init__(self, verdict: Verdict, text: str, **values: object) -> None:
        super().__init__()
        self.verdict = verdict
        self.came = Text(text, {name: word(value) for name, value in values.items()})


def word(value: object) -> str:
    """Something technical that the provider said, short and printable."""
    text = "".join(letter if letter.isprintable() else "�" for letter in str(value))
    return text[:_WORD] + ("…" if len(text) > _WORD else "")


@dataclass(slots=True)
class Trial:
    """One run: whom, how, and what it has learned so far."""

    provider: Provider
    plan: Plan
    line: Line
    clock: Clock
    sleep: Callable[[float], None]
    came: list[Text] = field(default_factory=list)
    connected: bool = False
    token: str | None = None
    location: str | None = None
    delivered: tuple[NationalRequest, Heard] | None = None
    refused: list[Reply] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    exchanged: list[Exchanged] = field(default_factory=list)

    @property
    def xml(self) -> bool:
        return self.provider.protocol == "xnachweis"

    def subject(self, name: str) -> Subject:
        found = self.plan.cases.get(name)  # type: ignore[call-overload]
        if found is None:
            raise Ended(Verdict.SKIPPED, _N("The test data name nobody for «%(name)s»."), name=name)
        assert isinstance(found, Subject)
        return found

    def request(self, name: str) -> NationalRequest:
        return self.plan.request(self.subject(name), self.clock())

    def ask(self, request: NationalRequest) -> Heard:
        heard = self.line.ask(self.provider, request)
        if heard.unsayable:
            self.problems(heard.problems)
            raise Ended(Verdict.FAIL, _N("The request cannot be said by the description of the provider."))
        return self._noted(heard)

    def poll(self, request: NationalRequest, url: str) -> Heard:
        return self._noted(self.line.poll(self.provider, request.request_id, url))

    def _noted(self, heard: Heard) -> Heard:
        self.heard.append(heard)
        if heard.last is not None and 400 <= heard.last.status < 500:
            self.refused.append(heard.last)
        return heard

    def answer(self, heard: Heard) -> NationalAnswer:
        """What was understood; a case fails where nothing was."""
        if heard.answer is not None:
            self.say(_N("The outcome is «%(outcome)s»."), outcome=heard.answer.outcome.value)
            return heard.answer
        self.problems(heard.problems)
        raise Ended(Verdict.FAIL, _N("No answer that the platform can use: %(why)s."), why=heard.failure)

    def outcome(self, name: str, *wanted: Outcome) -> NationalAnswer:
        answer = self.answer(self.ask(self.request(name)))
        if answer.outcome not in wanted:
            raise Ended(Verdict.FAIL, _N("That is not what was expected."))
        return answer

    def send(self, call: Call, token: str | None, *, certificate: bool = True) -> Reply:
        """A call that the platform never makes. Raises NoReply."""
        reply = self.line.send(call, token, certificate=certificate)
        self.say(_N("HTTP %(status)s, %(kind)s."), status=reply.status, kind=reply.content_type or "–")
        if certificate and 400 <= reply.status < 500:
            self.refused.append(reply)
        return reply

    def call(self, name: str = "delivered") -> Call:
        try:
            return self.line.call_for(self.provider, self.request(name))
        except NationalUnwritable as unwritable:
            self.problems(unwritable.problems)
            raise Ended(
                Verdict.FAIL, _N("The request cannot be said by the description of the provider.")
            ) from None

    def good_token(self) -> str | None:
        if self.provider.audience is None:
            return None
        if self.token is None:
            try:
                self.token = self.line.token(self.provider.audience)
            except NoToken as none:
                raise Ended(Verdict.SKIPPED, _N("The IAM gives no token: %(why)s."), why=none) from None
        return self.token

    def say(self, text: str, **values: object) -> None:
        self.came.append(Text(text, {name: word(value) for name, value in values.items()}))

    def problems(self, found: tuple[Problem, ...]) -> None:
        for problem in found[:SHOWN]:
            place = f"{problem.place} (line {problem.line})" if problem.line else problem.place
            # The text may quote a value of the answer: rule and place are enough to find it.
            self.say(_N("Rule %(rule)s at %(place)s."), rule=problem.rule, place=place)
        if len(found) > SHOWN:
            self.say(_N("And %(count)s more."), count=len(found) - SHOWN)
