"""Everything that the exchange is given by the composition root, as one frozen value."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from intermediary.as4.model import PMode
from intermediary.exchange.contracts import (
    BlindIndex,
    Blobs,
    Clock,
    Ids,
    Ledger,
    Mappings,
    Messaging,
    NationalConnector,
    Vault,
)
from intermediary.exchange.duties import Duty, Housekeeping
from intermediary.exchange.errors import ExchangeError
from intermediary.exchange.model import Exchange
from intermediary.exchange.timing import Timing
from intermediary.mapping.model import MappingSet
from intermediary.validation import Validator


@dataclass(frozen=True, slots=True)
class Ports:
    """The outside world of the exchange."""

    ledger: Ledger
    vault: Vault
    blobs: Blobs
    clock: Clock
    new_id: Ids
    mappings: Mappings
    connector: NationalConnector
    messaging: Messaging
    validator: Validator
    pmodes: tuple[PMode, ...]
    timing: Timing
    preview_base: str
    """https URL under which preview locations lie; the token follows after a slash."""
    message_domain: str
    """Right side of our AS4 MessageIds and Content-IDs."""
    return_hosts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """P-Mode id to the hosts of that partner's portals; a partner that is not named may use any https URL."""
    is_away: Callable[[BaseException], bool] = lambda error: isinstance(error, OSError)
    """True for what is raised while database, disk or object store is away: no item is to blame for it."""
    wake: Callable[[], None] = lambda: None
    """Called after something became due, so that an idle worker of this process looks at once."""
    housekeeping: Housekeeping | None = None
    duties: tuple[Duty, ...] = ()
    blind_index: BlindIndex = lambda _attributes: ()
    """By what the exchanges of a person are found; without one they are not."""
    clocks_agree: Callable[[], bool] = lambda: True
    """Whether the time is beyond doubt; duties that destroy things wait for it."""

    def pmode(self, pmode_id: str) -> PMode:
        """The P-Mode of that id; raises ExchangeError where the partner was removed meanwhile."""
        for pmode in self.pmodes:
            if pmode.id == pmode_id:
                return pmode
        raise ExchangeError(
            f"There is no P-Mode {pmode_id} any more; restore its file to finish the exchange"
        )

    def mappings_of(self, exchange: Exchange) -> MappingSet:
        """The set by which a request was accepted, whatever went live since: nothing changes on its way."""
        day, revision = exchange.created_at.date(), exchange.mapping_revision
        return self.mappings(day) if revision is None else self.mappings(day, revision)

    def message_id(self) -> str:
        """A fresh AS4 MessageId (RFC 2822 form)."""
        return f"{self.new_id()}@{self.message_domain}"
