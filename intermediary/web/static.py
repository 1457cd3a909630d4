"""Files of a release: addresses that change with it, so that a new one is not shown with old styles."""

from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

from starlette.responses import Response
from starlette.staticfiles import StaticFiles


class ReleaseFiles(StaticFiles):
    """Files of a release: they may be kept for a day."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = "public, max-age=86400"
        return response


@lru_cache
def release() -> str:
    """Part of the static files' addresses."""
    try:
        return version("intermediary")
    except PackageNotFoundError:
        return "0"
