"""Translation between the Exchange Data Model and the national protocols, driven by a mapping. Pure.

A mapping is data: nothing here knows an evidence type, a register or a country. Every field that the
other side has no place for is reported as a Loss.
"""

from intermediary.translation.answering import to_edm
from intermediary.translation.asking import provider_for, to_national, wanted_formats
from intermediary.translation.errors import TranslationError, Untranslatable
from intermediary.translation.inputs import input_problems, missing_inputs
from intermediary.translation.model import Attachment, Loss, TranslatedEvidence, TranslatedRequest
from intermediary.translation.persons import fields_there, rule_for

__all__ = [
    "Attachment",
    "Loss",
    "TranslatedEvidence",
    "TranslatedRequest",
    "TranslationError",
    "Untranslatable",
    "fields_there",
    "input_problems",
    "missing_inputs",
    "provider_for",
    "rule_for",
    "to_edm",
    "to_national",
    "wanted_formats",
]
