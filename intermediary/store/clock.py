"""The database server's clock, as a witness of the time."""

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import Engine, func, select

_CLOCK = select(func.clock_timestamp())
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


def server_clock(engine: Engine) -> Callable[[], datetime] | None:
    """Asks the server's clock; None where that is this machine's, and so no second witness."""
    host = str(engine.url.host or engine.url.query.get("host", ""))
    if engine.dialect.name == "sqlite" or not host or host.startswith("/") or host in _THIS_MACHINE:
        return None
    alone = engine.execution_options(isolation_level="AUTOCOMMIT")

    def ask() -> datetime:
        with alone.connect() as connection:
            told: datetime = connection.execute(_CLOCK).scalar_one()
        return told.astimezone(UTC)

    return ask
