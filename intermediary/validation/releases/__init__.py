"""Releases: which schemas ship, and official sets (schemas, rules, code lists) that an operator installed.

May live here: reading an official set, compiling its Schematron, running it, comparing two. What may not:
our own rules (`validation.rules`), rendering.
"""

from intermediary.validation.releases.differences import (
    Change,
    RuleFacts,
    code_differences,
    differences,
    facts_of,
)
from intermediary.validation.releases.errors import (
    ReleaseBroken,
    ReleaseRefused,
    ReleaseUnknown,
    SaxonMissing,
    UnknownSchematron,
)
from intermediary.validation.releases.installed import InstalledRelease, Release, RuleFile
from intermediary.validation.releases.kinds import kind_of_message
from intermediary.validation.releases.schematron import SchematronTest, compile_schematron
from intermediary.validation.releases.shipped import RELEASES
from intermediary.validation.releases.store import ReleaseStore

__all__ = [
    "RELEASES",
    "Change",
    "InstalledRelease",
    "Release",
    "ReleaseBroken",
    "ReleaseRefused",
    "ReleaseStore",
    "ReleaseUnknown",
    "RuleFacts",
    "RuleFile",
    "SaxonMissing",
    "SchematronTest",
    "UnknownSchematron",
    "code_differences",
    "compile_schematron",
    "differences",
    "facts_of",
    "kind_of_message",
]
