"""Words of the area: codes of other rooms as messages of the catalogue."""

from intermediary.console.pages import _N
from intermediary.exchange import Outcome, PreviewStep
from intermediary.exchange.dryrun import Expected

OUTCOMES = {
    Outcome.APPROVED: _N("Evidence would be sent"),
    Outcome.DECLINED: _N("The citizen declines: nothing would be sent"),
    Outcome.DEFERRED: _N("The evidence would be announced for later"),
    Outcome.UNKNOWN_PERSON: _N("Refused: the person is not assured or not matched"),
    Outcome.NOT_FOUND: _N("Refused: the provider holds no such evidence"),
    Outcome.AMBIGUOUS: _N("Refused: the provider cannot tell the person from others"),
    Outcome.REJECTED: _N("Refused: the provider does not issue the evidence"),
    Outcome.PROVIDER_DOWN: _N("Refused: the provider gives no usable answer"),
    Outcome.TIMED_OUT: _N("Refused: the time is over"),
    Outcome.INVALID: _N("Refused: the request breaks a rule"),
    Outcome.UNSUPPORTED: _N("Refused: the request asks for what is not offered"),
    Outcome.UNMAPPED: _N("Refused: nothing is mapped for this evidence type"),
    Outcome.UNRESOLVED: _N("Refused: unknown preview location"),
    Outcome.FAILED: _N("Refused: it cannot be processed"),
}
EXPECTED = {
    Expected.DELIVERED: _N("Delivers what it is asked for (made-up content)"),
    Expected.NOT_FOUND: _N("Finds nothing"),
    Expected.AMBIGUOUS: _N("Finds more than one person"),
    Expected.REJECTED: _N("Refuses to issue it"),
    Expected.LATER: _N("Has it tomorrow"),
    Expected.UNREACHABLE: _N("Cannot be reached"),
}
STEPS = {
    PreviewStep.LOGIN: _N("Before the login"),
    PreviewStep.INPUT: _N("What the provider still needs"),
    PreviewStep.DECIDE: _N("Look and decide"),
    PreviewStep.LATER: _N("The evidence comes later"),
    PreviewStep.NOT_FOUND: _N("Nothing was found"),
    PreviewStep.REGISTER_DOWN: _N("The provider does not answer"),
    PreviewStep.UNKNOWN_PERSON: _N("Not the person of the request"),
    PreviewStep.WAITING: _N("Waiting"),
    PreviewStep.EXPIRED: _N("The time is over"),
    PreviewStep.DONE: _N("Done"),
}
ANSWER_TYPES = {
    "application/xml": "XML (XNachweis)",
    "application/json": "JSON (REST)",
}
ASPECTS = {
    "Result": _N("Result"),
    "Reason": _N("Reason"),
    "Mapping": _N("Mapping"),
    "Provider": _N("Provider"),
    "National evidence type": _N("National evidence type"),
    "Service": _N("Service"),
    "Legal basis": _N("Legal basis"),
    "Formats asked for": _N("Formats asked for"),
    "Person found by": _N("Person found by"),
    "Person's fields sent": _N("Fields of the person that are sent"),
    "Citizen is asked for": _N("Citizen is asked for"),
    "Preview": _N("Preview"),
    "Fields lost": _N("Fields lost"),
}
RESULTS = {
    "answered": _N("answered"),
    **{outcome.value: text for outcome, text in OUTCOMES.items()},
}
