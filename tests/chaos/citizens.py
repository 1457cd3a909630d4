"""The ones who begin exchanges: a portal that pushes until it has a receipt, a citizen who tries again."""

import hashlib
import pickle
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

import httpx

from intermediary.as4 import InvalidReceipt
from intermediary.as4.model import Packed, Receipt
from intermediary.edm.model import EvidenceRequest
from intermediary.exchange import PreviewStep, PreviewView
from intermediary.sandbox.doubles import Partner
from tests.chaos.audit import Books
from tests.chaos.parties import PartnerParty
from tests.exchange.house import PREVIEW_BASE, a_request, inputs_for, login_of

PAUSE_SECONDS = 0.05
ENDS = (PreviewStep.DONE, PreviewStep.REGISTER_DOWN, PreviewStep.EXPIRED, PreviewStep.NOT_FOUND)


class Traffic:
    """Exchanges, several at a time, until told to stop; every thread's choices come from the seed."""

    def __init__(
        self,
        partner: Partner,
        party: PartnerParty,
        books: Books,
        ports: Sequence[int],
        seed: str,
        patience: float,
    ) -> None:
        self._partner, self._party, self._books, self._ports = partner, party, books, ports
        self._seed, self._patience = seed, patience
        self._stop, self._guard = threading.Event(), threading.Lock()
        self._client = httpx.Client(timeout=5, trust_env=False, verify=False)
        self._threads: list[threading.Thread] = []
        self.begun = self.ended = 0
        self.problems: list[str] = []

    def begin(self, at_once: int, exchanges: int | None = None) -> None:
        """So many at a time; `exchanges` in each thread, or until `stop`."""
        for number in range(at_once):
            chance = random.Random(f"{self._seed}-citizen-{number}")
            thread = threading.Thread(target=self._run, args=(chance, exchanges), daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Begin no more; what has begun goes on."""
        self._stop.set()

    @property
    def running(self) -> bool:
        """True while somebody is not done."""
        return any(thread.is_alive() for thread in self._threads)

    def _run(self, chance: random.Random, exchanges: int | None) -> None:
        done = 0
        while not self._stop.is_set() and done != exchanges:
            done += 1
            self.begun += 1
            try:
                self._exchange(chance)
                self.ended += 1
            except (TimeoutError, AssertionError, InvalidReceipt) as problem:
                self.problems.append(f"{type(problem).__name__}: {problem}")

    def _exchange(self, chance: random.Random) -> None:
        end = time.monotonic() + self._patience
        request, first = a_request(), f"{uuid4()}@portal.sandbox"
        self._push(chance, request, first, "first", first, end)
        token = self._offered(first, end)
        if token is None:
            return
        early = chance.random() < 0.5
        again = replace(request, id=f"urn:uuid:{uuid4()}", preview_location=f"{PREVIEW_BASE}/{token}")
        second = f"{uuid4()}@portal.sandbox"
        if early:
            self._push(chance, again, second, "second", first, end)
        self._visit(chance, request, token, first, end)
        if not early:
            self._push(chance, again, second, "second", first, end)

    def _offered(self, first: str, end: float) -> str | None:
        """The token of the preview location; None where the answer is another, or none comes in time."""
        while first not in self._party.answers:
            if time.monotonic() > end:
                return None
            time.sleep(PAUSE_SECONDS / 2)
        location = self._party.answers[first]
        return None if location is None else location.removeprefix(f"{PREVIEW_BASE}/")

    def _push(
        self,
        chance: random.Random,
        request: EvidenceRequest,
        message_id: str,
        kind: str,
        first: str,
        end: float,
    ) -> None:
        """Reception awareness: the same message until there is a receipt; sometimes once more."""
        packed = self._partner.pack(request, message_id=message_id)
        entry = {"message_id": message_id, "request_id": request.id, "kind": kind, "first": first}
        self._note("sent", **entry, receipt="")
        again = chance.random() < 0.1
        while True:
            receipt = self._try_push(chance, packed, message_id)
            if receipt is not None:
                self._note("sent", **entry, receipt=receipt)
                if not again:
                    return
                again = False
            if time.monotonic() > end:
                raise TimeoutError(f"no receipt for {message_id}")
            time.sleep(chance.uniform(0, 2 * PAUSE_SECONDS))

    def _try_push(self, chance: random.Random, packed: Packed, message_id: str) -> str | None:
        """The digest of the receipt; None where there was none."""
        url = f"http://127.0.0.1:{chance.choice(self._ports)}/as4"
        try:
            got = self._client.post(url, content=packed.body, headers={"Content-Type": packed.content_type})
        except httpx.HTTPError:
            return None
        if got.status_code >= 500:
            return None
        signal = self._partner.read_signal(packed, got.headers["content-type"], got.content, message_id)
        assert isinstance(signal, Receipt), f"{message_id} was answered with {signal}"
        return hashlib.sha256(got.content).hexdigest()

    def _visit(
        self, chance: random.Random, request: EvidenceRequest, token: str, first: str, end: float
    ) -> None:
        """A citizen who does what the page asks for, again and again."""
        declines, visitor = chance.random() < 0.2, f"visitor-{first}"
        while time.monotonic() < end:
            view = self._desk(chance, "view", token, visitor)
            if not isinstance(view, PreviewView):
                time.sleep(chance.uniform(0, 2 * PAUSE_SECONDS))
            elif view.step is PreviewStep.LOGIN:
                self._desk(chance, "identify", token, visitor, login_of(request))
            elif view.step is PreviewStep.INPUT:
                self._desk(chance, "supply", token, visitor, inputs_for(view))
            elif view.step is PreviewStep.DECIDE:
                seen = self._desk(chance, "document", token, visitor, view.documents[0].id)
                if isinstance(seen, int):
                    assert seen == view.documents[0].size, "the document is not whole"
                approved = frozenset() if declines else frozenset(d.id for d in view.documents)
                self._note("citizen", first=first, did="decides", approved=str(len(approved)))
                self._desk(chance, "decide", token, visitor, approved)
            elif view.step in ENDS:
                self._note("citizen", first=first, did="told", step=view.step, approved=str(view.approved))
                return
            else:
                assert view.step is PreviewStep.WAITING, f"the citizen was led to {view.step}"
                time.sleep(PAUSE_SECONDS)
        raise TimeoutError(f"the citizen of {first} never came to an end")

    def _desk(self, chance: random.Random, *call: object) -> object:
        """What the desk of some node says; None where it does not answer."""
        url = f"http://127.0.0.1:{chance.choice(self._ports)}/desk"
        try:
            got = self._client.post(url, content=pickle.dumps(call))
        except httpx.HTTPError:
            return None
        return pickle.loads(got.content) if got.status_code == 200 else None

    def _note(self, book: str, **entry: str) -> None:
        with self._guard:
            self._books.journal(book).write(**entry)
