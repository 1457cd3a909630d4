"""What an operator entered is not lost when the session ends while they write.

Each form carries a pass: who it was given to, signed. A form whose session is over changes nothing, but
with a pass it is handed back to be sent again after signing in, where any other form is refused.
"""

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.requests import Request

from intermediary.console.access import Operator, Role
from intermediary.console.desk import Desk, Submitted
from intermediary.console.editor.nodes import Fields
from intermediary.console.editor.sheet import MOST_FIELDS
from intermediary.console.errors import FormForged, NotSignedIn

_SECONDS = 24 * 3600
_MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Given:
    """A form that came in; `sent` None: nothing may be changed by it."""

    operator: Operator | None
    sent: Submitted | None
    fields: Fields = field(repr=False)

    def value(self, name: str) -> str:
        """The first value of that name."""
        return next((value for key, value in self.fields if key == name), "")


class Guard:
    """Gives passes and takes forms."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._seal = URLSafeTimedSerializer(
            desk.settings.session_secret,
            salt="console.editor",
            signer_kwargs={"digest_method": hashlib.sha256},
        )

    def pass_for(self, operator: Operator) -> str:
        """The value of the field `pass`."""
        text = self._seal.dumps(operator.subject)
        return text if isinstance(text, str) else text.decode()

    def given(self) -> Callable[[Request], AsyncIterator[Given]]:
        """Dependency of a POST of editors. Raises Forbidden, FormForged, and NotSignedIn without a pass."""
        submitted = asynccontextmanager(self._desk.form(Role.EDITOR))

        async def given(request: Request) -> AsyncIterator[Given]:
            form = await request.form(max_files=0, max_fields=MOST_FIELDS * 2, max_part_size=_MOST_BYTES)
            fields = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
            async with AsyncExitStack() as stack:
                try:
                    sent = await stack.enter_async_context(submitted(request))
                except (NotSignedIn, FormForged):
                    operator = self._desk.operator(request)
                    if not self._may_resume(request, operator, fields):
                        raise
                    yield Given(operator, None, fields)
                    return
                yield Given(sent.operator, sent, fields)

        return given

    def _may_resume(self, request: Request, operator: Operator | None, fields: Fields) -> bool:
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return False
        try:
            subject = self._seal.loads(dict(fields).get("pass", ""), max_age=_SECONDS)
        except BadData:
            return False
        return operator is None or operator.subject == subject
