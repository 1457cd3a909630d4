"""`GET /metrics`; for the operator's network only, the reverse proxy must not hand it out."""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from intermediary.observing.metrics import Metrics


def metrics_router(metrics: Metrics) -> APIRouter:
    """The route; it reads the store, so it runs in a thread of its own."""
    router = APIRouter()

    @router.get("/metrics", include_in_schema=False)
    def read() -> Response:
        return Response(metrics.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return router
