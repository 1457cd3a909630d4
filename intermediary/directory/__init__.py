"""Evidence Broker and Data Service Directory: their answers, the client, what they publish about a country.

Pure: `model`, `codes`, `read_answer`, `write_answer`, the queries, `verify`, `compare` of what is published
with what is meant, `submissions` that would close the gap. Working: `CommonServices`, which finds a service
(`NaptrResolver`), asks, verifies, reads and keeps; `survey` reads all that a country publishes. An edge: it
imports nothing of ours but the XML parser; whose certificates are trusted, and the clock, come in as ports.
What needs the network is loaded on first use only: settings and the pure parts do not need it.
"""

from typing import TYPE_CHECKING

from intermediary.directory.cache import Cache, FolderCache, Kept, MemoryCache
from intermediary.directory.codes import JurisdictionLevel, QueryId, RefusalCode, Service
from intermediary.directory.comparison import Finding, Gap, compare, merged, renamed
from intermediary.directory.errors import (
    AnswerNotTrusted,
    AnswerUnreadable,
    DirectoryError,
    DirectoryUnreachable,
    DirectoryUnwritable,
    Distrust,
    NameUnresolvable,
    QueryInvalid,
    QueryRefused,
    VersionMismatch,
)
from intermediary.directory.model import Answer, Publication, text_in
from intermediary.directory.query import (
    Query,
    answers_to,
    data_services_query,
    evidence_types_query,
    place_fits,
    requirements_query,
)
from intermediary.directory.reader import read_answer
from intermediary.directory.signature import ChainCheck, SignaturePolicy, Verified, verify
from intermediary.directory.submission import Submission, in_words, submissions
from intermediary.directory.writer import write_answer

if TYPE_CHECKING:
    from intermediary.directory.client import CommonServices, DirectorySettings, Reply, Source
    from intermediary.directory.discovery import NaptrResolver
    from intermediary.directory.surveying import Survey, survey

__all__ = [
    "Answer",
    "AnswerNotTrusted",
    "AnswerUnreadable",
    "Cache",
    "ChainCheck",
    "CommonServices",
    "DirectoryError",
    "DirectorySettings",
    "DirectoryUnreachable",
    "DirectoryUnwritable",
    "Distrust",
    "Finding",
    "FolderCache",
    "Gap",
    "JurisdictionLevel",
    "Kept",
    "MemoryCache",
    "NameUnresolvable",
    "NaptrResolver",
    "Publication",
    "Query",
    "QueryId",
    "QueryInvalid",
    "QueryRefused",
    "RefusalCode",
    "Reply",
    "Service",
    "SignaturePolicy",
    "Source",
    "Submission",
    "Survey",
    "Verified",
    "VersionMismatch",
    "answers_to",
    "compare",
    "data_services_query",
    "evidence_types_query",
    "in_words",
    "merged",
    "place_fits",
    "read_answer",
    "renamed",
    "requirements_query",
    "submissions",
    "survey",
    "text_in",
    "verify",
    "write_answer",
]

_WORKING = {
    "CommonServices": "client",
    "DirectorySettings": "client",
    "NaptrResolver": "discovery",
    "Reply": "client",
    "Source": "client",
    "Survey": "surveying",
    "survey": "surveying",
}


def __getattr__(name: str) -> object:
    if name in _WORKING:
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_WORKING[name]}"), name)
    raise AttributeError(name)
