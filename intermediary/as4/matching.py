"""Which P-Mode a received message belongs to (digest edelivery-as4 §10)."""

from collections.abc import Sequence

from intermediary.as4.codes import DEFAULT_MPC, EbmsErrorCode
from intermediary.as4.errors import Refusal
from intermediary.as4.model import Party, PMode, UserMessage


def match(message: UserMessage, pmodes: Sequence[PMode]) -> PMode:
    """The P-Mode of a received message: To, From, service and action; a test message needs the parties only.

    Where both sides name an agreement it must be the same; of several P-Modes one with that agreement wins.
    Raises Refusal: EBMS:0001 for parties not known here, EBMS:0010 where nothing else fits.
    """
    if not any(_same(message.receiver, pmode.us) for pmode in pmodes):
        raise Refusal(EbmsErrorCode.VALUE_NOT_RECOGNIZED, "the To party is not ours")
    of_parties = [p for p in pmodes if _same(message.receiver, p.us) and _same(message.sender, p.partner)]
    if not of_parties:
        raise Refusal(EbmsErrorCode.VALUE_NOT_RECOGNIZED, "the From party is not a partner")
    if message.mpc not in (None, DEFAULT_MPC):
        raise Refusal(EbmsErrorCode.PROCESSING_MODE_MISMATCH, "the message channel is not the default one")
    fitting = [p for p in of_parties if _fits(message, p)]
    if not fitting:
        raise Refusal(EbmsErrorCode.PROCESSING_MODE_MISMATCH, "no P-Mode of these parties fits")
    return next((p for p in fitting if p.agreement == message.agreement), fitting[0])


def _same(one: Party, other: Party) -> bool:
    return one.id == other.id and one.type == other.type


def _fits(message: UserMessage, pmode: PMode) -> bool:
    if message.agreement and pmode.agreement and message.agreement != pmode.agreement:
        return False
    if message.is_test:
        return True
    return (
        message.service == pmode.service
        and message.service_type == pmode.service_type
        and message.action in pmode.actions
    )
