"""The requests that came, without anything of a person: what the log says of them."""

from collections.abc import Iterable

from sqlalchemy import Engine, select
from sqlmodel import Session, col

from intermediary.exchange.dryrun import PastRequest
from intermediary.exchange.model import Fact, Outcome
from intermediary.exchange.shape import Shape
from intermediary.store.tables import EventRow, ExchangeRow

_AT_ONCE = 500
_FACTS = (Fact.REQUEST_ACCEPTED, Fact.REQUEST_REFUSED)


def past_requests(engine: Engine, limit: int) -> tuple[PastRequest, ...]:
    """The newest requests, newest first."""
    newest = select(ExchangeRow).order_by(col(ExchangeRow.created_at).desc()).limit(limit)
    with Session(engine.execution_options(reading=True)) as session:
        rows = session.execute(newest).scalars().all()
        shapes = _shapes(session, [row.id for row in rows])
    return tuple(
        PastRequest(
            exchange_id=row.id,
            at=row.created_at,
            edm_version=row.edm_version,
            evidence_type=row.evidence_type,
            procedure=row.procedure,
            requester_country=row.requester_country or "",
            provider=row.provider_key,
            shape=shapes.get(row.id),
            broken=row.outcome == Outcome.INVALID and row.mapping_key is None and row.id not in shapes,
        )
        for row in rows
    )


def _shapes(session: Session, ids: list[str]) -> dict[str, Shape]:
    found: dict[str, Shape] = {}
    for start in range(0, len(ids), _AT_ONCE):
        for stream, data in _said(session, ids[start : start + _AT_ONCE]):
            shape = Shape.read(data)
            if shape is not None:
                found[stream] = shape
    return found


def _said(session: Session, ids: list[str]) -> Iterable[tuple[str, dict[str, str]]]:
    about = select(col(EventRow.stream), col(EventRow.data)).where(
        col(EventRow.stream).in_(ids), col(EventRow.fact).in_(_FACTS)
    )
    return ((row[0], row[1]) for row in session.execute(about))
