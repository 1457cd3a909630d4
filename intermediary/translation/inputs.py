"""What a register needs beyond identity: found in the request, or asked of the citizen. Pure."""

import re
from collections.abc import Mapping

from intermediary.edm.model import EvidenceRequest
from intermediary.mapping.model import AdditionalInput, EvidenceMapping

_LIMIT = 200
"""Characters of one value; registers refuse longer ones."""


def answer(asked: AdditionalInput, request: EvidenceRequest, inputs: Mapping[str, str]) -> str | None:
    """The value of an input, or None; what does not fit pattern or choices is no answer.

    Order: EvidenceProviderClassification, sector-specific attribute, citizen (AdditionalInput).
    """
    from_request = (*_classified(asked, request), *_attributed(asked, request))
    values = (*from_request, inputs.get(asked.key, ""))
    return next((value.strip() for value in values if acceptable(asked, value)), None)


def acceptable(asked: AdditionalInput, value: str) -> bool:
    """True where a value, trimmed, is there and fits pattern and choices."""
    value = value.strip()
    if not value or len(value) > _LIMIT:
        return False
    if asked.choices and value not in asked.choices:
        return False
    return asked.pattern is None or re.fullmatch(asked.pattern, value) is not None


def missing_inputs(
    request: EvidenceRequest, mapping: EvidenceMapping, inputs: Mapping[str, str]
) -> tuple[AdditionalInput, ...]:
    """The required inputs that neither request nor `inputs` answer and that the citizen may be asked for."""
    return tuple(
        asked
        for asked in mapping.additional_inputs
        if asked.required and asked.ask_citizen and answer(asked, request, inputs) is None
    )


def input_problems(mapping: EvidenceMapping, inputs: Mapping[str, str]) -> tuple[str, ...]:
    """Keys of required inputs that are not there, and of inputs that do not fit pattern or choices.

    What the request answers is not known here: leave those inputs out of the mapping. Unknown keys are
    nobody's business and go nowhere.
    """
    return tuple(
        asked.key
        for asked in mapping.additional_inputs
        if (
            not acceptable(asked, inputs[asked.key])
            if inputs.get(asked.key, "").strip()
            else asked.required and asked.ask_citizen
        )
    )


def _classified(asked: AdditionalInput, request: EvidenceRequest) -> tuple[str, ...]:
    if asked.classification is None:
        return ()
    return tuple(
        value
        for classification in request.evidence_provider_classifications
        if classification.identifier.value.casefold() == asked.classification.casefold()
        for value in classification.supported_values
    )


def _attributed(asked: AdditionalInput, request: EvidenceRequest) -> tuple[str, ...]:
    if asked.attribute is None:
        return ()
    people = (request.subject, request.authorized_representative)
    return tuple(
        attribute.value
        for person in people
        if person is not None
        for attribute in person.sector_specific_attributes
        if attribute.uri == asked.attribute
    )
