"""What is tried for each case, and how what came is judged."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urljoin

from intermediary.national import NationalUnreadable, xnachweis
from intermediary.national.model import NationalAnswer, NationalRequest, Outcome
from intermediary.provider_kit.cases import _N
from intermediary.provider_kit.contracts import Call, Heard, NoReply, NoToken, Reply
from intermediary.provider_kit.model import Verdict
from intermediary.provider_kit.plan import Subject
from intermediary.provider_kit.trial import SHOWN, Ended, Trial
from intermediary.xml import XmlRefused, parse

_UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
_LARGE = 6_000_000
_ALTERED = -12
"""Where a character of the token's signature is changed."""
_LEAKS = (b"Traceback (most", b"\tat ", b"    at ")
_UNEXPECTED = _N("That is not what was expected.")


# ------------------------------------------------------------------------------------- who may ask, and how


def _connection(run: Trial) -> None:
    token = run.good_token() if run.provider.audience else None
    reply = run.line.send(run.call(), token)
    run.connected = True
    run.say(_N("HTTP %(status)s, %(kind)s."), status=reply.status, kind=reply.content_type or "–")
    if 300 <= reply.status < 400:
        raise Ended(Verdict.FAIL, _N("The platform follows no redirection: hand in the final URL."))


def _client_certificate(run: Trial) -> None:
    try:
        reply = run.send(run.call(), run.good_token(), certificate=False)
    except NoReply as none:
        if none.timeout or not none.reached:
            raise
        run.say(_N("The connection was refused: %(why)s."), why=none)
        return
    _refused(reply, 400, 401, 403)


def _refused(reply: Reply, *wanted: int) -> None:
    if reply.status not in wanted:
        raise Ended(Verdict.FAIL, _UNEXPECTED)


def _needs_audience(run: Trial) -> str:
    if run.provider.audience is None:
        raise Ended(Verdict.NOT_APPLICABLE, _N("The provider is asked without a token."))
    token = run.good_token()
    assert token is not None, "there is an audience"
    return token


def _token_missing(run: Trial) -> None:
    _needs_audience(run)
    _refused(run.send(run.call(), None), 401)


def _token_altered(run: Trial) -> None:
    token = _needs_audience(run)
    at = max(_ALTERED, 1 - len(token))
    other = "A" if token[at] != "A" else "B"
    _refused(run.send(run.call(), token[:at] + other + token[at:][1:]), 401)


def _token_expired(run: Trial) -> None:
    _needs_audience(run)
    expired = run.plan.tokens.expired
    if expired is None:
        raise Ended(Verdict.SKIPPED, _N("The test data hold no expired token (tokens: expired)."))
    _refused(run.send(run.call(), expired), 401)


def _token_audience(run: Trial) -> None:
    _needs_audience(run)
    try:
        other = run.line.token("urn:intermediary:conformance:nobody")
    except NoToken as none:
        raise Ended(
            Verdict.SKIPPED, _N("The IAM gives no token for another audience: %(why)s."), why=none
        ) from None
    _refused(run.send(run.call(), other), 401, 403)


# ------------------------------------------------------------------------------------------------- evidence


def _delivered(run: Trial) -> None:
    request = run.request("delivered")
    heard = run.ask(request)
    run.delivered = request, heard
    answer = run.answer(heard)
    if answer.outcome is not Outcome.DELIVERED:
        raise Ended(Verdict.FAIL, _UNEXPECTED)
    _sound(run, answer, request)


def _sound(run: Trial, answer: NationalAnswer, request: NationalRequest) -> None:
    """Type, form and content of what was delivered."""
    wanted = {form.media_type for form in request.formats}
    run.say(_N("%(count)s documents."), count=len(answer.evidences))
    if not answer.evidences:
        raise Ended(Verdict.FAIL, _N("Delivered, but there is no evidence."))
    for evidence in answer.evidences:
        if evidence.evidence_type.id != request.evidence_type.id:
            raise Ended(Verdict.FAIL, _N("The evidence is of another type than was asked for."))
        for form in evidence.representations:
            kind = form.format.media_type
            if kind not in wanted:
                raise Ended(Verdict.FAIL, _N("The form %(kind)s was not asked for."), kind=kind)
            if not form.content:
                raise Ended(Verdict.FAIL, _N("The form %(kind)s is empty."), kind=kind)
            if kind == "application/pdf" and not form.content.startswith(b"%PDF-"):
                raise Ended(Verdict.FAIL, _N("What is said to be a PDF is none."))
            if kind == "application/xml" and not _is_xml(form.content):
                raise Ended(Verdict.FAIL, _N("What is said to be XML is none, or has a DOCTYPE."))


def _is_xml(content: bytes) -> bool:
    try:
        parse(content)
    except XmlRefused:
        return False
    return True


def _earlier(run: Trial) -> tuple[NationalRequest, Heard]:
    if run.delivered is None or run.delivered[1].answer is None:
        raise Ended(Verdict.SKIPPED, _N("There is no answer to look at: see «Evidence is delivered»."))
    return run.delivered


def _head(run: Trial) -> None:
    request, heard = _earlier(run)
    assert heard.last is not None, "it was answered"
    try:
        message, _ = xnachweis.unpack(heard.last.headers.get("content-type", ""), heard.last.body)
        head = xnachweis.read_head(parse(message))
    except (XmlRefused, NationalUnreadable):
        raise Ended(Verdict.FAIL, _N("The head cannot be read.")) from None
    for name, right in (
        ("bezugNachrichtenId", head.in_reply_to == request.message_id),
        ("konversationsId", head.conversation_id == request.conversation_id),
        ("absender", head.sender.id == request.recipient.id),
        ("empfaenger", head.recipient.id == request.sender.id),
    ):
        if not right:
            raise Ended(Verdict.FAIL, _N("«%(name)s» does not fit the request."), name=name)


def _one_format(run: Trial) -> None:
    if len(run.plan.formats) < 2:
        raise Ended(Verdict.NOT_APPLICABLE, _N("The test data name one form only."))
    request = run.plan.request(run.subject("delivered"), run.clock(), formats=run.plan.formats[:1])
    answer = run.answer(run.ask(request))
    if answer.outcome is Outcome.DELIVERED:
        _sound(run, answer, request)
    elif answer.outcome is not Outcome.REJECTED:
        raise Ended(Verdict.FAIL, _UNEXPECTED)


def _several(run: Trial) -> None:
    request = run.request("several")
    answer = run.answer(run.ask(request))
    if answer.outcome is not Outcome.DELIVERED:
        raise Ended(Verdict.FAIL, _UNEXPECTED)
    _sound(run, answer, request)
    names = {evidence.evidence_id for evidence in answer.evidences}
    if len(answer.evidences) < 2:
        raise Ended(Verdict.FAIL, _N("There is one document only."))
    if len(names) < len(answer.evidences):
        raise Ended(Verdict.FAIL, _N("Two documents have the same identifier."))


def _large(run: Trial) -> None:
    request = run.request("large")
    answer = run.answer(run.ask(request))
    if answer.outcome is not Outcome.DELIVERED:
        raise Ended(Verdict.FAIL, _UNEXPECTED)
    _sound(run, answer, request)
    largest = max(len(form.content) for e in answer.evidences for form in e.representations)
    run.say(_N("The largest document has %(octets)s bytes."), octets=largest)
    if largest < _LARGE:
        raise Ended(Verdict.FAIL, _N("That is too small to show it: more than 6 000 000 bytes are needed."))


def _characters(run: Trial) -> None:
    subject = run.subject("characters")
    if not _beyond_ascii(subject):
        raise Ended(Verdict.SKIPPED, _N("The name for «characters» is ASCII: choose another."))
    run.outcome("characters", Outcome.DELIVERED)


def _beyond_ascii(subject: Subject) -> bool:
    said = subject.natural or subject.legal
    assert said is not None, "checked"
    return not all(str(value).isascii() for value in said.model_dump().values())


def _repeated(run: Trial) -> None:
    request = run.request("delivered")
    first, second = (run.answer(run.ask(request)) for _ in range(2))
    if first.outcome is not second.outcome:
        raise Ended(Verdict.FAIL, _N("The second answer has another outcome."))
    if _fingerprint(first) != _fingerprint(second):
        raise Ended(Verdict.FAIL, _N("The second answer has other evidence."))


def _fingerprint(answer: NationalAnswer) -> list[Any]:
    return [
        (e.evidence_id, sorted(hashlib.sha256(form.content).hexdigest() for form in e.representations))
        for e in answer.evidences
    ]


# ---------------------------------------------------------------------------------------------------- later


def _deferred(run: Trial) -> None:
    request = run.request("deferred")
    answer = run.answer(run.ask(request))
    if answer.outcome is not Outcome.LATER:
        raise Ended(Verdict.FAIL, _UNEXPECTED)
    run.location = answer.poll_url
    until = run.clock() + timedelta(seconds=run.plan.wait_seconds)
    while answer.outcome is Outcome.LATER:
        if run.clock() >= until:
            raise Ended(
                Verdict.FAIL,
                _N("It was not there after %(seconds)s seconds (wait_seconds)."),
                seconds=f"{run.plan.wait_seconds:g}",
            )
        pause = ((answer.available_at or run.clock()) - run.clock()).total_seconds()
        run.sleep(min(max(pause, 0.2), 5.0, max((until - run.clock()).total_seconds(), 0.0)))
        url = answer.poll_url
        answer = run.answer(run.ask(request) if url is None else run.poll(request, url))
    if answer.outcome is not Outcome.DELIVERED:
        raise Ended(Verdict.FAIL, _UNEXPECTED)


def _poll_token(run: Trial) -> None:
    _needs_audience(run)
    if run.location is None:
        run.subject("deferred")
        raise Ended(Verdict.NOT_APPLICABLE, _N("There was no Location."))
    accept = {"Accept": "application/xml, multipart/related, application/problem+json"}
    _refused(run.send(Call("GET", run.location, accept), None), 401)


def _poll_unknown(run: Trial) -> None:
    run.subject("deferred")
    if run.location is None:
        raise Ended(Verdict.NOT_APPLICABLE, _N("There was no Location."))
    heard = run.poll(run.request("deferred"), urljoin(run.location, _UNKNOWN_ID))
    if heard.answer is not None:
        raise Ended(
            Verdict.FAIL,
            _N("The platform would understand: %(outcome)s."),
            outcome=heard.answer.outcome.value,
        )
    run.say(_N("The platform hears: %(why)s."), why=heard.failure)
    if heard.last is None or heard.last.status not in (404, 410):
        raise Ended(Verdict.FAIL, _UNEXPECTED)


def _callback(run: Trial) -> None:
    request = run.request("callback")
    if not run.line.takes_callbacks:
        raise Ended(
            Verdict.SKIPPED, _N("The kit has no address to which you could push: start it with --listen.")
        )
    answer = run.answer(run.ask(request))
    if answer.outcome is not Outcome.LATER:
        raise Ended(Verdict.FAIL, _UNEXPECTED)
    pushed = run.line.pushed(request.request_id, run.plan.wait_seconds)
    if pushed is None:
        raise Ended(Verdict.FAIL, _N("Nothing was pushed in time."))
    run.say(_N("Pushed: the outcome is «%(outcome)s»."), outcome=pushed.outcome.value)
    if pushed.outcome is not Outcome.DELIVERED:
        raise Ended(Verdict.FAIL, _UNEXPECTED)


# ------------------------------------------------------------------------------------------------- refusals


def _missing_input(run: Trial) -> None:
    request = run.request("missing_input")
    heard = run.line.ask(run.provider, request)
    if heard.unsayable:
        raise Ended(
            Verdict.NOT_APPLICABLE, _N("By the description the platform never asks without that input.")
        )
    run.heard.append(heard)
    answer = run.answer(heard)
    if answer.outcome not in (Outcome.REJECTED, Outcome.NOT_FOUND, Outcome.AMBIGUOUS, Outcome.FAILED):
        raise Ended(Verdict.FAIL, _UNEXPECTED)


def _broken(run: Trial, call: Call, *, proper_answer: bool = False) -> None:
    reply = run.send(call, run.good_token())
    if not 400 <= reply.status < 500 and not (proper_answer and reply.status in (200, 202)):
        raise Ended(Verdict.FAIL, _UNEXPECTED)


def _malformed(run: Trial) -> None:
    call = run.call()
    if not call.body:
        raise Ended(Verdict.NOT_APPLICABLE, _N("The request has no body."))
    _broken(run, replace(call, body=call.body[: len(call.body) // 2]))


def _invalid(run: Trial) -> None:
    body = f'<nachweisanfrage xmlns="{xnachweis.NAMESPACE}"><unbekannt/></nachweisanfrage>'.encode()
    _broken(run, replace(run.call(), body=body))


def _entities(run: Trial) -> None:
    call = run.call()
    head, _, rest = call.body.partition(b"?>") if call.body.startswith(b"<?xml") else (b"", b"", call.body)
    declaration = head + b"?>" if head else b""
    doctype = b'<!DOCTYPE nachweisanfrage [<!ENTITY a "a">]>'
    _broken(run, replace(call, body=declaration + doctype + rest))


def _content_type(run: Trial) -> None:
    call = run.call()
    if not call.body:
        raise Ended(Verdict.NOT_APPLICABLE, _N("The request has no body."))
    headers = {name: value for name, value in call.headers.items() if name.lower() != "content-type"}
    _broken(run, replace(call, headers={**headers, "Content-Type": "text/plain"}), proper_answer=True)


# ----------------------------------------------------------------------------------------- the run as a whole


def _error_bodies(run: Trial) -> None:
    if not run.refused:
        raise Ended(Verdict.SKIPPED, _N("No answer of this run was an error."))
    wrong = [reply for reply in run.refused if reply.content_type != "application/problem+json"]
    run.say(_N("%(count)s errors, %(wrong)s of them otherwise."), count=len(run.refused), wrong=len(wrong))
    for reply in wrong[:SHOWN]:
        run.say(_N("HTTP %(status)s, %(kind)s."), status=reply.status, kind=reply.content_type or "–")
    if wrong:
        raise Ended(Verdict.FAIL, _UNEXPECTED)
    if any(leak in reply.body for reply in run.refused for leak in _LEAKS):
        raise Ended(Verdict.FAIL, _N("An error has a stack trace."))


def _answers(run: Trial) -> None:
    malformed = [heard for heard in run.heard if heard.problems]
    run.say(
        _N("%(count)s answers, %(wrong)s of them refused as malformed."),
        count=len(run.heard),
        wrong=len(malformed),
    )
    for heard in malformed[:3]:
        run.problems(heard.problems)
    if malformed:
        raise Ended(Verdict.FAIL, _N("The platform refused them."))
    if not any(heard.answer for heard in run.heard):
        raise Ended(Verdict.FAIL, _N("No answer could be used."))


def _time(run: Trial) -> None:
    late = [one for one in run.exchanged if one.seconds > run.plan.answer_seconds or "timeout" in one.failure]
    slowest = max((one.seconds for one in run.exchanged), default=0.0)
    run.say(
        _N("%(count)s calls; the slowest took %(seconds)s s."),
        count=len(run.exchanged),
        seconds=f"{slowest:.1f}",
    )
    if late:
        raise Ended(Verdict.FAIL, _N("%(count)s were too late."), count=len(late))


CHECKS: dict[str, Callable[[Trial], None]] = {
    "connection": _connection,
    "client-certificate": _client_certificate,
    "token-missing": _token_missing,
    "token-altered": _token_altered,
    "token-expired": _token_expired,
    "token-audience": _token_audience,
    "delivered": _delivered,
    "head": _head,
    "one-format": _one_format,
    "several": _several,
    "large": _large,
    "characters": _characters,
    "repeated": _repeated,
    "deferred": _deferred,
    "poll-token": _poll_token,
    "poll-unknown": _poll_unknown,
    "callback": _callback,
    "unknown": lambda run: _said(run, "unknown", Outcome.NOT_FOUND),
    "ambiguous": lambda run: _said(run, "ambiguous", Outcome.AMBIGUOUS),
    "rejected": lambda run: _said(run, "rejected", Outcome.REJECTED),
    "missing-input": _missing_input,
    "malformed": _malformed,
    "invalid": _invalid,
    "entities": _entities,
    "content-type": _content_type,
    "error-bodies": _error_bodies,
    "answers": _answers,
    "time": _time,
}


def _said(run: Trial, name: str, outcome: Outcome) -> None:
    run.outcome(name, outcome)
