"""The doors of the room, wired to one set of ports."""

from intermediary.exchange.access_point import AccessPoint
from intermediary.exchange.desk import Desk
from intermediary.exchange.intake import Intake
from intermediary.exchange.outbox import Outbox
from intermediary.exchange.ports import Ports
from intermediary.exchange.sealed_requests import SealedRequests
from intermediary.exchange.worker import Worker
from intermediary.exchange.workflow import Workflow


class Exchanges:
    """Everything that may be done with exchanges, for the composition root to hand out.

    `access_point` takes what partners push, `desk` what citizens do, `deliver` what providers push later,
    `look` what a gateway tells of messages under way; `sealed_requests` opens requests for operators,
    `blind_index` is by what they find a person's;
    `housekeeping` is the store's side of retention.
    """

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._outbox = Outbox(ports)
        self._intake = Intake(ports, self._outbox)
        self._workflow = Workflow(ports, self._outbox)
        self.access_point = AccessPoint(ports)
        self.desk = Desk(ports, self._outbox)
        self.deliver = self._workflow.deliver
        self.look = self._outbox.look
        self.sealed_requests = SealedRequests(ports)
        self.blind_index = ports.blind_index
        self.housekeeping = ports.housekeeping

    def worker(self, name: str) -> Worker:
        """A worker; `name` is the owner that its leases bear, unique among all processes."""
        return Worker(self._ports, self._intake, self._workflow, self._outbox, name)
