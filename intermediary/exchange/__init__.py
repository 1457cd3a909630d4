"""The exchange: the state machine of one evidence exchange and its durable workflow.

The only room that knows the order of things. It talks to the outside through the protocols of
`contracts` (given as `Ports`) and is talked to through `Exchanges`: bytes from partners, citizens at the
preview desk, providers that answer later, workers.
"""

from intermediary.exchange.access_point import AccessPoint, HttpAnswer
from intermediary.exchange.contracts import Delivery, PartnerUnreachable, ProviderUnavailable, Queue, Stage
from intermediary.exchange.duties import Retention
from intermediary.exchange.errors import ExchangeError, IllegalTransition, LeaseLost, SettingsInvalid
from intermediary.exchange.model import TRANSITIONS, Event, Exchange, Fact, Outcome, State, Transition
from intermediary.exchange.own_as4 import OwnAs4
from intermediary.exchange.ports import Ports
from intermediary.exchange.preview import (
    Identity,
    InputField,
    PreviewDesk,
    PreviewDocument,
    PreviewStep,
    PreviewUnknown,
    PreviewView,
)
from intermediary.exchange.service import Exchanges
from intermediary.exchange.timing import Timing
from intermediary.exchange.worker import Worker

__all__ = [
    "TRANSITIONS",
    "AccessPoint",
    "Delivery",
    "Event",
    "Exchange",
    "ExchangeError",
    "Exchanges",
    "Fact",
    "HttpAnswer",
    "Identity",
    "IllegalTransition",
    "InputField",
    "LeaseLost",
    "Outcome",
    "OwnAs4",
    "PartnerUnreachable",
    "Ports",
    "PreviewDesk",
    "PreviewDocument",
    "PreviewStep",
    "PreviewUnknown",
    "PreviewView",
    "ProviderUnavailable",
    "Queue",
    "Retention",
    "SettingsInvalid",
    "Stage",
    "State",
    "Timing",
    "Transition",
    "Worker",
]
