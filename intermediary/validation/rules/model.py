"""What a business rule is: a place, a check, words.

A rule looks at every element that its `context` names, as a Schematron rule does: a path of steps like
`query:QueryRequest/rim:Slot[@name='Procedure']/rim:SlotValue`, which may begin anywhere in the
message (XSLT pattern). Each step is a prefixed name (prefixes of `wording.PREFIXES`) with at most one
condition on an attribute. The check says whether the element is as it should be; where not, the element is
the finding's place. An empty context means the root element, whatever it is.

    Rule("R-EDM-REQ-S009", Kind.REQUEST, "query:QueryRequest", one_slot("PossibilityForPreview"))

So a rule is one line: its id, the kind of message, where, what. The words (what is demanded, the remedy, in
every language) come from the check's name and arguments by the tables in `words/`; a rule that deserves
better words has an entry of its own there, keyed by its id.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from lxml import etree

from intermediary.validation.model import Severity


class Kind(StrEnum):
    """Which rules are for a message; named as the rule files of the TDD are."""

    REQUEST = "EDM-REQ"
    RESPONSE = "EDM-RESP"
    ERROR = "EDM-ERR"


Holds = Callable[[etree._Element], bool]
Offenders = Callable[[etree._Element], Iterable[etree._Element]]


@dataclass(frozen=True, slots=True)
class Check:
    """Whether an element is as it should be.

    `says` names the sentence in the tables of words, `words` fills its gaps. `at` leads from the element to
    the place meant (`/@lang`, `/rim:Value`). `seen` reads the value for the finding: only for codes,
    versions and URIs of the message's technical fields, never for anything that may tell of a person.
    `offenders` names the elements to blame where that is not the one looked at: a rule on how siblings relate
    looks at their parent, so that many of them cost linear time.
    """

    says: str
    holds: Holds
    words: Mapping[str, str] = field(default_factory=dict)
    at: str = ""
    expected: str | None = None
    seen: Callable[[etree._Element], str | None] | None = None
    offenders: Offenders | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of one published set.

    `versions` are the releases that it is in (empty: all that its table is compiled for). `prose` marks a
    rule that is known only by description, not as an executable official rule.
    """

    id: str
    kind: str
    context: str
    check: Check
    severity: Severity = Severity.ERROR
    versions: frozenset[str] = frozenset()
    source: str = ""
    prose: bool = False

    def holds_in(self, release: str) -> bool:
        """Whether the rule is part of that release."""
        return not self.versions or release in self.versions
