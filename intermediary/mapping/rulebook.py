"""The rules for mappings: each with an id that stays, how severe a breach is, what it says, what to do.

Texts are templates (`%(name)s`) and messages of the console's catalogues, so that console, command line and
CI say the same, each in its language. docs/mapping-rules.md lists them; a test writes it from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from intermediary.mapping.model import Severity

Path = tuple[str | int, ...]
_WARNING = Severity.WARNING


def _N(text: str) -> str:  # noqa: N802 - gettext's customary name
    """Marks a text for the catalogues."""
    return text


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `id` is never used for another one."""

    id: str
    text: str
    remedy: str
    severity: Severity = Severity.ERROR

    def at(self, entry: str, path: Path = (), /, **values: object) -> "Problem":
        """A breach at a field of an entry; `values` fill the places of the texts."""
        return Problem(entry, path, self, tuple((name, str(value)) for name, value in values.items()))


@dataclass(frozen=True, slots=True)
class Problem:
    """A finding before it is known in which file and line its entry stands."""

    entry: str
    path: Path
    rule: Rule
    values: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """What is wrong, in English."""
        return self.rule.text % dict(self.values)

    @property
    def remedy(self) -> str:
        """What to do, in English."""
        return self.rule.remedy % dict(self.values)

    @property
    def severity(self) -> Severity:
        """Of the rule."""
        return self.rule.severity


# --- files
FILE_UNKNOWN = Rule(
    "MAP-FILE-UNKNOWN",
    _N("The file is none of a mapping set."),
    _N("Evidence types go to evidence/<key>.yaml."),
)
FILE_ENCODING = Rule("MAP-FILE-ENCODING", _N("The file is not UTF-8."), _N("Save it as UTF-8."))
FILE_SIZE = Rule("MAP-FILE-SIZE", _N("The file has more than 1 MiB."), _N("Split it."))
FILE_YAML = Rule("MAP-FILE-YAML", _N("This is no YAML: %(reason)s."), _N("Correct the line."))
FILE_EMPTY = Rule(
    "MAP-FILE-EMPTY", _N("The file is empty, or no map."), _N("Write one «field: value» a line.")
)
FILE_NO_MAP = Rule("MAP-FILE-NO-MAP", _N("This is no map."), _N("Write one «field: value» a line."))
FILE_KEY = Rule("MAP-FILE-KEY", _N("A key must be one text."), _N("Write «field: value»."))
FILE_TWICE = Rule("MAP-FILE-TWICE", _N("«%(name)s» is there twice."), _N("Remove one of them."))

# --- schema
SCHEMA_MISSING = Rule(
    "MAP-SCHEMA-MISSING", _N("«%(name)s» is missing."), _N("Add it; README.md describes every field.")
)
SCHEMA_NO_PLATFORM = Rule(
    "MAP-SCHEMA-NO-PLATFORM", _N("The platform's identity is missing."), _N("Add platform.yaml.")
)
SCHEMA_MISSPELT = Rule(
    "MAP-SCHEMA-MISSPELT", _N("«%(name)s» is no known field."), _N("Did you mean «%(near)s»?")
)
SCHEMA_UNKNOWN = Rule(
    "MAP-SCHEMA-UNKNOWN",
    _N("«%(name)s» is no known field."),
    _N("Remove it; README.md lists the known fields."),
)
SCHEMA_RESERVED = Rule(
    "MAP-SCHEMA-RESERVED",
    _N("«%(name)s» may not stand here."),
    _N("Remove it: the file or entry name says it."),
)
SCHEMA_CHOICE = Rule(
    "MAP-SCHEMA-CHOICE", _N("«%(name)s» has no allowed value."), _N("Write one of %(allowed)s.")
)
SCHEMA_MAP = Rule("MAP-SCHEMA-MAP", _N("«%(name)s» must be a map."), _N("Write one «field: value» a line."))
SCHEMA_LIST = Rule("MAP-SCHEMA-LIST", _N("«%(name)s» must be a list."), _N("Write one «- value» a line."))
SCHEMA_TEXT = Rule(
    "MAP-SCHEMA-TEXT",
    _N("«%(name)s» must be a text."),
    _N("Write one text here; an empty field is left out."),
)
SCHEMA_DATE = Rule("MAP-SCHEMA-DATE", _N("«%(name)s» is no date."), _N("Write it as YYYY-MM-DD."))
SCHEMA_VALUE = Rule(
    "MAP-SCHEMA-VALUE",
    _N("«%(name)s»: %(reason)s."),
    _N("Correct the value; README.md describes every field."),
)

# --- references
REFERENCE_EMPTY = Rule(
    "MAP-REFERENCE-EMPTY", _N("«%(name)s» stands for nothing."), _N("List at least one identifier.")
)
REFERENCE_UNKNOWN = Rule(
    "MAP-REFERENCE-UNKNOWN",
    _N("«$%(name)s» is no known reference."),
    _N("Correct it, or add it to classifications.yaml."),
)
REFERENCE_SEVERAL = Rule(
    "MAP-REFERENCE-SEVERAL",
    _N("«$%(name)s» stands for several identifiers."),
    _N("Correct it, or add it to classifications.yaml."),
)

# --- names, languages, countries
KEY = Rule(
    "MAP-KEY",
    _N("«%(key)s» is no key."),
    _N("Use lower-case letters, digits, _ and -, beginning with a letter or digit."),
)
COUNTRY = Rule(
    "MAP-COUNTRY", _N("«%(code)s» is no country code."), _N("Write two upper-case letters (ISO 3166-1).")
)
LANGUAGE_OF_PLATFORM = Rule(
    "MAP-LANGUAGE-OF-PLATFORM", _N("«%(name)s» is no language code."), _N("Write two lower-case letters.")
)
LANGUAGE_CODE = Rule(
    "MAP-LANGUAGE-CODE",
    _N("«%(code)s» is no language code."),
    _N("Write two lower-case letters (ISO 639-1)."),
)
LANGUAGE_ENGLISH = Rule("MAP-LANGUAGE-ENGLISH", _N("«%(name)s» has no English text."), _N("Add «en: …»."))
LANGUAGE_ENGLISH_DESCRIPTION = Rule(
    "MAP-LANGUAGE-ENGLISH-DESCRIPTION", _N("«%(name)s» has no English text."), _N("Add «en: …»."), _WARNING
)
LANGUAGE_MISSING = Rule(
    "MAP-LANGUAGE-MISSING",
    _N("«%(name)s» has no text in «%(language)s»."),
    _N("Add it, or take the language out of the platform's «languages»."),
    _WARNING,
)
LANGUAGE_EMPTY = Rule("MAP-LANGUAGE-EMPTY", _N("The text is empty."), _N("Write it, or remove the language."))

# --- providers
PROVIDER_HTTPS = Rule(
    "MAP-PROVIDER-HTTPS",
    _N("«url» is not https."),
    _N("Providers are called over TLS only: write https://…"),
)
PROVIDER_IDENTITY = Rule(
    "MAP-PROVIDER-IDENTITY", _N("«%(name)s» is empty."), _N("Give the provider its identity.")
)
PROVIDER_PROTOCOL = Rule(
    "MAP-PROVIDER-PROTOCOL",
    _N("«%(protocol)s» is no protocol that is spoken here."),
    _N("Write one of %(allowed)s."),
)
PROVIDER_OPTIONS = Rule("MAP-PROVIDER-OPTIONS", "«%(place)s»: %(reason)s.", "%(what)s")
PROVIDER_NO_OPTIONS = Rule(
    "MAP-PROVIDER-NO-OPTIONS",
    _N("%(protocol)s has no options."),
    _N("Remove them, or write «protocol: rest»."),
)

# --- evidence: what it is
EVIDENCE_EMPTY = Rule("MAP-EVIDENCE-EMPTY", _N("«%(name)s» is empty."), _N("The national request needs it."))
EVIDENCE_NOTHING = Rule("MAP-EVIDENCE-NOTHING", _N("«%(name)s» is empty."), _N("List at least one."))
CLASSIFICATION = Rule(
    "MAP-CLASSIFICATION",
    _N("«%(uri)s» is no evidence type classification."),
    _N("Write https://<Semantic Repository>/evidencetypeclassifications/<country>/<UUID>."),
)
REQUIREMENT = Rule("MAP-REQUIREMENT", _N("«%(uri)s» is no URI."), _N("Write the URI of the Evidence Broker."))
PROCEDURE = Rule(
    "MAP-PROCEDURE", _N("«%(code)s» is no procedure of Annex II."), _N("Write one of %(allowed)s.")
)
LEVEL = Rule("MAP-LEVEL", _N("«%(level)s» is no level of assurance."), _N("Write one of %(allowed)s."))
LEVEL_BELOW_DIRECTORY = Rule(
    "MAP-LEVEL-BELOW-DIRECTORY",
    _N("«%(level)s» is accepted here, but the directory publishes «%(published)s»."),
    _N("Raise it, or have the directory publish the lower level."),
)
LEVEL_ABOVE_DIRECTORY = Rule(
    "MAP-LEVEL-ABOVE-DIRECTORY",
    _N("«%(level)s» is demanded here, but the directory publishes «%(published)s»."),
    _N("Who asks by the directory is refused: lower it, or have the directory publish the higher level."),
    _WARNING,
)
PREVIEW = Rule(
    "MAP-PREVIEW",
    _N("The preview may be left out by law only (Regulation (EU) 2018/1724, Art. 14(5))."),
    _N("Name the law in «preview_legal_basis», or write «preview: required»."),
)
DAYS = Rule("MAP-DAYS", _N("The validity ends before it begins."), _N("Correct one of the dates."))
DAYS_OVERLAP = Rule(
    "MAP-DAYS-OVERLAP",
    _N("«%(other)s» maps the same classification in the same time."),
    _N("Let one end (valid_until) before the other begins (valid_from)."),
)
DAYS_SHADOWED = Rule(
    "MAP-DAYS-SHADOWED",
    _N("This row never answers: on each of its days another one comes first (%(others)s)."),
    _N("Remove it, or change the days or classifications of one of them."),
    _WARNING,
)
RETENTION_NEGATIVE = Rule(
    "MAP-RETENTION-NEGATIVE", _N("«retention_days» is negative."), _N("Write 0 to keep nothing.")
)
RETENTION = Rule(
    "MAP-RETENTION", _N("Evidence would be kept."), _N("Is there a law for it? Else 0."), _WARNING
)

# --- evidence: who is asked
ROUTE_NOBODY = Rule(
    "MAP-ROUTE-NOBODY", _N("No provider is named."), _N("Write «provider», or «by» and «table».")
)
ROUTE_PROVIDER = Rule(
    "MAP-ROUTE-PROVIDER",
    _N("There is no provider «%(key)s»."),
    _N("Add it to providers.yaml, or correct the key."),
)
ROUTE_TABLE_ALONE = Rule(
    "MAP-ROUTE-TABLE-ALONE", _N("A table without «by» is never read."), _N("Name the input in «by».")
)
ROUTE_NO_TABLE = Rule(
    "MAP-ROUTE-NO-TABLE",
    _N("«by» without a table leads nowhere."),
    _N("Add «table»: value → provider."),
)
ROUTE_BY = Rule(
    "MAP-ROUTE-BY",
    _N("«%(name)s» is none of the additional inputs."),
    _N("Add it to «additional_inputs», or correct the key."),
)
ROUTE_NEVER = Rule(
    "MAP-ROUTE-NEVER",
    _N("The input can never be «%(value)s»."),
    _N("Correct the value, or the input's choices and pattern."),
)
ROUTE_FALLBACK_NEVER = Rule(
    "MAP-ROUTE-FALLBACK-NEVER",
    _N("«%(key)s» is never asked: the table has every value that the input can be."),
    _N("Remove «provider», or the rows of the table that it should take."),
    _WARNING,
)
ROUTE_GAP = Rule(
    "MAP-ROUTE-GAP",
    _N("Nobody is asked where the input is %(values)s."),
    _N("Add it to the table, or name a «provider» for all other values."),
    _WARNING,
)
ROUTE_OPEN = Rule(
    "MAP-ROUTE-OPEN",
    _N("Nobody is asked where the table lacks what the input is."),
    _N("Name a «provider» for all other values, or give the input «choices»."),
    _WARNING,
)

# --- evidence: whom it is about
IDENTIFY_FIELDS = Rule(
    "MAP-IDENTIFY-FIELDS",
    _N("The rule names no fields."),
    _N("List the fields that must be there."),
)
IDENTIFY_NOBODY = Rule(
    "MAP-IDENTIFY-NOBODY",
    _N("No person has all of these fields."),
    _N("Natural: %(natural)s. Legal: %(legal)s, identifier:<scheme>."),
)
IDENTIFY_BASE = Rule(
    "MAP-IDENTIFY-BASE",
    _N("A natural person is always asked for with names and date of birth."),
    _N("Add %(missing)s to «fields»."),
)
IDENTIFY_NATURAL = Rule(
    "MAP-IDENTIFY-NATURAL",
    _N("No rule identifies a natural person."),
    _N("Add one, or take the kind out of «subjects»."),
)
IDENTIFY_LEGAL = Rule(
    "MAP-IDENTIFY-LEGAL",
    _N("No rule identifies a legal person."),
    _N("Add one, or take the kind out of «subjects»."),
)
IDENTIFY_SHADOWED = Rule(
    "MAP-IDENTIFY-SHADOWED",
    _N("The rule never applies: wherever it could, rule %(number)s does, which needs no more fields."),
    _N("Move it before that one, or remove it."),
    _WARNING,
)
IDENTIFY_SUBJECT = Rule(
    "MAP-IDENTIFY-SUBJECT",
    _N("The rule never applies: it identifies a kind of person that is not among «subjects»."),
    _N("Remove it, or add the kind to «subjects»."),
    _WARNING,
)

# --- evidence: what else is asked
INPUT_TWICE = Rule("MAP-INPUT-TWICE", _N("The input «%(key)s» is there twice."), _N("Remove one."))
INPUT_PATTERN = Rule(
    "MAP-INPUT-PATTERN",
    _N("The pattern is no regular expression: %(reason)s."),
    _N("Correct it; it must match the whole value."),
)
INPUT_HINT = Rule(
    "MAP-INPUT-HINT",
    _N("The citizen gets no hint what the pattern wants."),
    _N("Add «hints»."),
    _WARNING,
)
INPUT_NOBODY = Rule(
    "MAP-INPUT-NOBODY",
    _N("The input is required, but nobody is asked for it."),
    _N("Write «ask_citizen: true», or name a «classification» or an «attribute»."),
)
INPUT_CHOICE_NEVER = Rule(
    "MAP-INPUT-CHOICE-NEVER",
    _N("«%(value)s» can never be chosen: it does not fit the pattern."),
    _N("Correct the choice or the pattern."),
    _WARNING,
)
INPUT_UNUSED = Rule(
    "MAP-INPUT-UNUSED",
    _N("The input «%(key)s» is never used: no provider that may be asked gets it."),
    _N("Remove it, or write {additional.%(key)s} into the options of the provider."),
    _WARNING,
)
INPUT_NEEDED = Rule(
    "MAP-INPUT-NEEDED",
    _N("The provider «%(provider)s» needs the input «%(key)s», which is not asked for in any case."),
    _N("Add it to «additional_inputs» as required, or write {additional.%(key)s?} into its options."),
    _WARNING,
)

# --- evidence: in which form
FORMAT_MEDIA_TYPE = Rule(
    "MAP-FORMAT-MEDIA-TYPE",
    _N("«%(media_type)s» is no media type."),
    _N("Write type/subtype in lower case, without parameters."),
)
FORMAT_LIST = Rule(
    "MAP-FORMAT-LIST",
    _N("«%(media_type)s» is not on the code list OOTSMediaTypes (R-EDM-RESP-C023)."),
    _N("Use one of %(allowed)s."),
    _WARNING,
)
FORMAT_MODEL = Rule(
    "MAP-FORMAT-MODEL",
    _N("%(media_type)s without «conforms_to» (R-EDM-RESP-C044)."),
    _N("Name the data model's URI in the Semantic Repository."),
)
FORMAT_NATIONAL_MODEL = Rule(
    "MAP-FORMAT-NATIONAL-MODEL",
    _N("%(media_type)s without «national_data_model»: the provider is not told what to send."),
    _N("Name the data model that the provider sends."),
    _WARNING,
)
FORMAT_URI = Rule("MAP-FORMAT-URI", _N("«%(uri)s» is no URI."), _N("Write the data model's URI."))
FORMAT_VERSION = Rule(
    "MAP-FORMAT-VERSION",
    _N("Neither version nor URI may be anything else."),
    _N("Write oots-edm:v1.0: <URI>."),
)
FORMAT_CONVERSION = Rule(
    "MAP-FORMAT-CONVERSION",
    _N("Nothing makes %(media_type)s of %(national)s: the conversion «%(conversion)s» does not."),
    _N("Correct one of the media types, or name another «conversion»."),
)
FORMAT_TRANSFORMATION = Rule(
    "MAP-FORMAT-TRANSFORMATION",
    _N("A «transformation» of no data model: nobody knows what it is made of."),
    _N("Name the model in «conforms_to», or remove it."),
    _WARNING,
)
FORMAT_TWICE = Rule(
    "MAP-FORMAT-TWICE", _N("The same form is there twice."), _N("Remove one of them."), _WARNING
)

# --- what only the network tells (`lint --online`)
ONLINE_UNREACHABLE = Rule(
    "MAP-ONLINE-UNREACHABLE",
    _N("%(host)s does not answer: %(reason)s."),
    _N("Check name, port and firewall; ask the provider whether the service runs."),
)
ONLINE_TLS = Rule(
    "MAP-ONLINE-TLS",
    _N("No TLS connection to %(host)s: %(reason)s."),
    _N("Check the certificates of both sides: theirs by our «ca», ours by their list."),
)
ONLINE_EXPIRED_SOON = Rule(
    "MAP-ONLINE-CERTIFICATE",
    _N("The certificate of %(host)s ends in %(days)s days, on %(day)s."),
    _N("Ask the provider for the next one before that day."),
    _WARNING,
)
ONLINE_OURS = Rule(
    "MAP-ONLINE-OUR-CERTIFICATE",
    _N("Our client certificate ends in %(days)s days, on %(day)s."),
    _N("Renew it and tell the providers before that day."),
    _WARNING,
)
ONLINE_REFUSED = Rule(
    "MAP-ONLINE-REFUSED",
    _N("%(host)s answers with HTTP %(status)s: it does not let us in."),
    _N("Have our client certificate admitted by the provider."),
)
ONLINE_BROKEN = Rule(
    "MAP-ONLINE-BROKEN",
    _N("%(host)s answers with HTTP %(status)s."),
    _N("Ask the provider whether the service works."),
    _WARNING,
)

# --- what the store refuses (never of a set that is only read)
STORE_ENTRY = Rule(
    "MAP-STORE-ENTRY",
    _N("«%(entry)s» is no entry."),
    _N("Write evidence/<key>, provider/<key>, platform or references; keys in lower case."),
)
STORE_DOCUMENT = Rule(
    "MAP-STORE-DOCUMENT",
    _N("This is no document."),
    _N("Give a map of texts, lists and maps, as YAML or JSON can hold them, below 1 MiB."),
)
STORE_WHO = Rule(
    "MAP-STORE-WHO",
    _N("«%(name)s» is empty."),
    _N("Say who does it and why: both are kept for ever."),
)

RULES: Final[Mapping[str, Rule]] = {
    rule.id: rule for rule in list(globals().values()) if isinstance(rule, Rule)
}
"""Every rule by its id, in the order above."""
