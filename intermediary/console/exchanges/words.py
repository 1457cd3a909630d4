"""States, outcomes and events in words: messages of the catalogue."""

from collections.abc import Mapping
from typing import Final

from intermediary.console.pages import _N
from intermediary.exchange.model import Fact, MessageState, Outcome, State
from intermediary.exchange.transcripts import Kind

STATES: Final[Mapping[State, tuple[str, str]]] = {
    State.AWAITING_CITIZEN: ("info", _N("waits for the citizen")),
    State.AWAITING_INPUT: ("info", _N("waits for what the citizen adds")),
    State.ASKING: ("info", _N("asks the provider")),
    State.PREVIEWING: ("info", _N("the citizen decides")),
    State.SETTLED: ("info", _N("outcome stands")),
    State.ANSWERING: ("info", _N("answer on its way")),
    State.CLOSED: ("success", _N("closed")),
}
OUTCOMES: Final[Mapping[Outcome, tuple[str, str]]] = {
    Outcome.APPROVED: ("success", _N("evidence sent")),
    Outcome.DECLINED: ("info", _N("declined by the citizen")),
    Outcome.DEFERRED: ("info", _N("available later")),
    Outcome.UNKNOWN_PERSON: ("warning", _N("person not identified")),
    Outcome.NOT_FOUND: ("info", _N("no such evidence")),
    Outcome.AMBIGUOUS: ("warning", _N("several persons fit")),
    Outcome.REJECTED: ("warning", _N("rejected by the provider")),
    Outcome.PROVIDER_DOWN: ("danger", _N("provider not reached")),
    Outcome.TIMED_OUT: ("warning", _N("time over")),
    Outcome.INVALID: ("danger", _N("request not valid")),
    Outcome.UNSUPPORTED: ("danger", _N("not supported")),
    Outcome.UNMAPPED: ("danger", _N("no mapping")),
    Outcome.UNRESOLVED: ("danger", _N("preview location unknown")),
    Outcome.FAILED: ("danger", _N("failed here")),
}
KINDS: Final[Mapping[Kind, str]] = {
    Kind.REQUEST: _N("Request of the requester"),
    Kind.ANSWER: _N("Our answer to the requester"),
    Kind.NATIONAL_REQUEST: _N("National request to the provider"),
    Kind.NATIONAL_ANSWER: _N("The provider's answer"),
}
CARRIED: Final[Mapping[MessageState, str]] = {
    MessageState.STORED: _N("received, not handled yet"),
    MessageState.HANDLED: _N("received and handled"),
    MessageState.QUEUED: _N("to be sent"),
    MessageState.SUBMITTED: _N("at the gateway"),
    MessageState.RETRYING: _N("at the gateway, which tries again"),
    MessageState.ACKNOWLEDGED: _N("received by the partner"),
    MessageState.FAILED: _N("never arrived"),
}
FACTS: Final[Mapping[Fact, str]] = {
    Fact.REQUEST_RECEIVED: _N("%(partner)s sent an evidence request."),
    Fact.REQUEST_ACCEPTED: _N("The platform accepted it by the mapping %(mapping)s."),
    Fact.REQUEST_REFUSED: _N("The platform refused it: %(outcome)s."),
    Fact.PREVIEW_OFFERED: _N("The platform answered that a preview is needed, open until %(until)s."),
    Fact.SECOND_REQUEST_RECEIVED: _N("The requester sent the second request, which fetches the outcome."),
    Fact.CITIZEN_ARRIVED: _N("The citizen opened the preview."),
    Fact.RETURN_REFUSED: _N("The address to return to was not accepted (%(source)s)."),
    Fact.CITIZEN_IDENTIFIED: _N("The citizen signed in, level of assurance %(level)s."),
    Fact.CITIZEN_NOT_MATCHED: _N(
        "Who signed in is not the person of the request; different: %(attributes)s."
    ),
    Fact.VISITOR_REFUSED: _N(
        "Somebody else opened the preview and was turned away; different: %(attributes)s."
    ),
    Fact.INPUT_GIVEN: _N("The citizen added what the register needs: %(inputs)s."),
    Fact.FIELDS_LOST: _N("A field was not carried over: %(place)s – %(reason)s"),
    Fact.PROVIDER_ASKED: _N("The platform asked the provider %(provider)s, attempt %(attempt)s."),
    Fact.PROVIDER_ANSWERED: _N("The provider answered: %(outcome)s."),
    Fact.PROVIDER_UNAVAILABLE: _N("The provider was not reached, attempt %(attempt)s: %(reason)s."),
    Fact.DOCUMENT_SHOWN: _N("The citizen looked at a document."),
    Fact.DECIDED: _N("The citizen decided: %(approved)s of %(of)s documents may be sent."),
    Fact.TIME_OVER: _N("The time was over; until then: %(state)s."),
    Fact.SETTLED: _N("The outcome stands: %(outcome)s."),
    Fact.MESSAGE_QUEUED: _N("The platform wrote an answer (%(action)s)."),
    Fact.MESSAGE_SUBMITTED: _N("The gateway took the answer."),
    Fact.MESSAGE_ACKNOWLEDGED: _N("The partner's access point confirmed that it has the answer."),
    Fact.SEND_FAILED: _N("Sending failed: %(reason)s."),
    Fact.DELIVERY_GIVEN_UP: _N("The platform gave up sending: %(reason)s."),
    Fact.EVIDENCE_DESTROYED: _N("The platform destroyed the evidence that it held: %(documents)s documents."),
    Fact.CLOSED: _N("The exchange is closed."),
    Fact.DUPLICATE_RECEIVED: _N("The partner sent a message again; it was confirmed and not handled twice."),
    Fact.STEP_FAILED: _N("A step broke (%(reason)s); it is tried again."),
    Fact.OPERATOR_ACTED: _N("%(actor)s acted: %(action)s."),
}
"""Other facts do not belong to exchanges; their name is shown."""
WHO: Final[Mapping[Fact, str]] = {
    **dict.fromkeys(
        (Fact.REQUEST_RECEIVED, Fact.SECOND_REQUEST_RECEIVED, Fact.DUPLICATE_RECEIVED), _N("requester")
    ),
    Fact.MESSAGE_ACKNOWLEDGED: _N("requester"),
    **dict.fromkeys(
        (
            *(Fact.CITIZEN_ARRIVED, Fact.CITIZEN_IDENTIFIED, Fact.CITIZEN_NOT_MATCHED, Fact.VISITOR_REFUSED),
            *(Fact.INPUT_GIVEN, Fact.DOCUMENT_SHOWN, Fact.DECIDED),
        ),
        _N("citizen"),
    ),
    Fact.PROVIDER_ANSWERED: _N("provider"),
    Fact.OPERATOR_ACTED: _N("operator"),
}
"""Who did it; the platform, where nobody is named."""
PLATFORM: Final = _N("platform")
WORRYING: Final = frozenset(
    {
        *(Fact.REQUEST_REFUSED, Fact.STEP_FAILED, Fact.DELIVERY_GIVEN_UP, Fact.SEND_FAILED),
        *(Fact.PROVIDER_UNAVAILABLE, Fact.TIME_OVER, Fact.CITIZEN_NOT_MATCHED, Fact.VISITOR_REFUSED),
    }
)
NATIONAL: Final[Mapping[str, str]] = {
    "delivered": _N("evidence delivered"),
    "not-found": _N("no such evidence"),
    "ambiguous": _N("several persons fit"),
    "later": _N("available later"),
    "rejected": _N("rejected by the provider"),
    "failed": _N("an error of its own"),
}
"""Outcomes that a provider answers with."""
