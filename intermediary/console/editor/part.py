"""The editor as a part of the console; the lists of mappings and providers lead to it."""

from fastapi import APIRouter

from intermediary.console.desk import Desk
from intermediary.console.editor.pages import editor_pages
from intermediary.console.service import Part
from intermediary.mapping import MappingStore


def editor_part(store: MappingStore) -> Part:
    """The pages on which mappings and providers are written."""

    def pages(desk: Desk) -> APIRouter:
        return editor_pages(desk, store)

    return Part(pages)
