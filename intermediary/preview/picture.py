"""A page as a picture for operators: what the citizen would see of a dry run. Nothing on it does anything."""

import re
from collections.abc import Mapping

from intermediary.exchange.preview import PreviewView
from intermediary.preview import documents
from intermediary.preview.pages import Pages, template_of
from intermediary.preview.settings import PreviewSettings

_STILL = (
    '<base target="_blank">'
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'self'; "
    "img-src 'self' data:; font-src 'self'; form-action 'none'\">"
)
"""For a sandboxed frame: no scripts, no forms, and links would open windows, which the sandbox forbids."""
_SCRIPTS = re.compile(r"<script\b.*?</script>", re.DOTALL)


def picture(
    view: PreviewView, contents: Mapping[str, bytes], settings: PreviewSettings, language: str
) -> str:
    """The page of a view as HTML; `contents` are the bytes of its documents."""
    if language not in settings.languages:
        language = settings.languages[0]
    readable = {
        document.id: documents.show(document.media_type, contents.get(document.id, b"")[: documents.MOST])
        for document in view.documents
    }
    text = Pages(settings).text(
        language,
        template_of(view.step),
        here=settings.base_path,
        looked=1,
        looks=1,
        token="",
        step=view.step.value,
        view=view,
        retry=False,
        readable=readable,
        csrf="",
        errors={},
        values={},
        ticked=frozenset(),
    )
    return _SCRIPTS.sub("", text).replace("<head>", f"<head>{_STILL}", 1)
