"""Where our rules say something else than the official ones (TDD 1.0), and why the official rule is wrong.

Two tables: rules that differ by what they are, and single situations that make any rule differ. The
comparison (`comparison.py`) lets only these pass, and counts them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Difference:
    """Who speaks alone, and why."""

    reason: str
    ours: bool = False
    """We fire where the official rule does not."""
    theirs: bool = False
    """The official rule fires where we do not."""


_NEVER: Final = (
    "Its official context or test can never fail; the text of the rule is checked, as a warning, so that "
    "no message is refused that the official validator accepts. "
)

DIFFERENCES: Final[Mapping[str, Difference]] = MappingProxyType(
    {
        "R-EDM-REQ-S045": Difference(_NEVER + "The test ends in «or 2», which is always true.", ours=True),
        "R-EDM-REQ-C008": Difference(
            _NEVER + "The context names a slot Requirement, which S019 forbids; the slot is Requirements.",
            ours=True,
            theirs=True,
        ),
        "R-EDM-REQ-C009": Difference(_NEVER + "As C008.", ours=True, theirs=True),
        "R-EDM-REQ-C033": Difference(
            "The list holds image/svg+xml with a tabulator before it, so the media type itself is refused.",
            theirs=True,
        ),
        "R-EDM-RESP-S008": Difference(
            "An exception inside the exception makes the official rule content.", ours=True
        ),
        "R-EDM-RESP-S021": Difference(
            _NEVER + "It bears the id R-EDM-REQ-S021 and has a request as context.", ours=True
        ),
        "R-EDM-RESP-S025": Difference(_NEVER + "A request is its context.", ours=True),
        "R-EDM-RESP-S026": Difference(
            _NEVER + "The context lacks rim:Element, without which a collection holds no agent.", ours=True
        ),
        "R-EDM-RESP-S030": Difference(
            _NEVER + "The context has EvidenceMetadata in a slot of the response, not of its objects.",
            ours=True,
            theirs=True,
        ),
        "R-EDM-RESP-S034": Difference(_NEVER + "The context says RespositoryItemRef.", ours=True),
        "R-EDM-RESP-S035": Difference(_NEVER + "The context says RespositoryItemRef.", ours=True),
        "R-EDM-RESP-C023": Difference(
            "The list holds image/svg+xml with a tabulator before it, so the media type itself is refused.",
            theirs=True,
        ),
        "R-EDM-RESP-C034": Difference(
            _NEVER + "The context says LegalIdentifier; the element is LegalPersonIdentifier.",
            ours=True,
            theirs=True,
        ),
        "R-EDM-RESP-C036": Difference(_NEVER + "As C034.", ours=True, theirs=True),
        "R-EDM-RESP-C037": Difference(_NEVER + "As C034.", ours=True, theirs=True),
        "R-EDM-ERR-S003": Difference(_NEVER + "It counts exceptions below an attribute.", ours=True),
        "R-EDM-ERR-S07": Difference(
            _NEVER + "It stands behind a rule with the same context in the same pattern.", ours=True
        ),
        "R-EDM-ERR-S017a": Difference(
            _NEVER + "The context is an attribute name of rim:SlotValue.", ours=True, theirs=True
        ),
        "R-EDM-ERR-S017b": Difference(_NEVER + "The test is a disjunction of texts, always true.", ours=True),
        "R-EDM-ERR-C008": Difference(
            "The list glues IP and EP to one code IPEP, so both are refused and IPEP passes.",
            ours=True,
            theirs=True,
        ),
        "R-EDM-ERR-C014": Difference(
            "The list has an empty code (two separators in a row), so that an empty severity passes; and a "
            "separator at the end of a code passes, as in the official education example.",
            ours=True,
        ),
        "R-EDM-ERR-C021": Difference("POST is looked for in rim:value, which does not exist.", theirs=True),
    }
)
"""Rule id to the difference."""

DYNAMIC_ERROR: Final = (
    "The official expression ends in a dynamic error (several values where the function takes one), which "
    "stops the whole rule file; ours reports what is wrong and goes on."
)
QNAME: Final = (
    "The official rules compare the text of xsi:type (the part after the colon, for exceptions the "
    "prefix too); the prefix may be any that is bound to the namespace (XML Schema part 1, 2.6.1)."
)
