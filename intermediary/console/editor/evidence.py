"""The form of an evidence mapping: every field of `mapping.model.EvidenceMapping`, explained."""

from intermediary.console.editor.nodes import Group, Leaf, Many, Table, Ticks
from intermediary.console.editor.sections import VALIDITY, Form, Section, texts
from intermediary.console.pages import _N

_WHAT = Section(
    "what",
    _N("What it is"),
    _N("How people read of this evidence: citizens on the preview pages, requesters in the evidence itself."),
    (
        texts(
            "titles",
            _N("Titles"),
            _N("The name of the evidence. English is a must; add every language that you know."),
            required=True,
        ),
        texts(
            "descriptions",
            _N("Descriptions"),
            _N("One sentence on what the evidence says."),
            long=True,
            always=True,
        ),
    ),
)
_EUROPE = Section(
    "europe",
    _N("On the European side"),
    _N("What a foreign portal asks for, as the Evidence Broker publishes it."),
    (
        Many(
            "evidence_type_classifications",
            _N("Evidence type classifications"),
            _N(
                "By these a request finds this mapping. The URIs stand in the Evidence Broker, one "
                "for each form "
                "in use. A $name stands for the URIs that the entry «references» gives it."
            ),
            "https://sr.oots.tech.ec.europa.eu/evidencetypeclassifications/…",
            required=True,
            item=Leaf("", _N("URI or $name"), required=True, words="classifications"),
        ),
        Many(
            "requirements",
            _N("Requirements"),
            _N("What the evidence proves: URIs of the Evidence Broker, or a $name."),
            "$requirement/birth",
            required=True,
            item=Leaf("", _N("URI or $name"), required=True, words="requirements"),
        ),
        Ticks(
            "procedures",
            _N("Procedures"),
            _N("Procedures of Annex II of Regulation (EU) 2018/1724 in which the evidence may be asked for."),
            required=True,
            words="procedures",
        ),
    ),
)
_NATION = Section(
    "nation",
    _N("On the national side"),
    _N("What we ask the provider for, in the words of the national system."),
    (
        Leaf(
            "national_id",
            _N("National evidence type"),
            _N("Its identifier in the national catalogue."),
            "urn:example:evidence:birth-certificate",
            required=True,
        ),
        Leaf(
            "national_version",
            _N("Version of the national type"),
            _N("As the provider knows it."),
            "1.0",
            required=True,
        ),
        Leaf(
            "national_service",
            _N("National service"),
            _N("The administrative service that the evidence is for: the purpose in the national request."),
            "urn:example:service:birth-certificate",
            required=True,
        ),
        Leaf(
            "legal_basis",
            _N("Legal basis"),
            _N("The law by which the provider may answer. It is sent with every request."),
            "Art. 14 Regulation (EU) 2018/1724",
            required=True,
        ),
    ),
)
_ROUTING = Section(
    "who",
    _N("Who answers"),
    _N("The provider that is asked: always the same, or chosen by what the citizen or the portal says."),
    (
        Leaf(
            "jurisdiction_level",
            _N("Level of competence"),
            _N("For which area one provider is competent: the whole country, a region, or a municipality."),
            required=True,
            kind="choice",
            words="levels",
        ),
        Group(
            "routing",
            _N("Choice of the provider"),
            required=True,
            parts=(
                Leaf(
                    "provider",
                    _N("Provider"),
                    _N("Who is asked; with a table below: who is asked for all values that are not in it."),
                    kind="choice",
                    words="providers",
                ),
                Leaf(
                    "by",
                    _N("Chosen by the input"),
                    _N(
                        "Key of an input that the register asks for, below. Empty: always the provider above."
                    ),
                    "municipality",
                    words="inputs",
                ),
                Table(
                    "table",
                    _N("Which value leads to which provider"),
                    _N("A row for each value of that input."),
                    key=Leaf("key", _N("Value"), required=True),
                    value=Leaf("value", _N("Provider"), required=True, kind="choice", words="providers"),
                ),
            ),
        ),
    ),
)
_PERSON = Section(
    "person",
    _N("Whom it is about"),
    _N("How the register finds the person. Nothing else of the person is sent."),
    (
        Ticks(
            "subjects",
            _N("Kinds of persons"),
            _N("Whom the evidence may be about. For each kind there must be a rule below."),
            required=True,
            words="subjects",
        ),
        Many(
            "identification",
            _N("Rules of identification"),
            _N(
                "Tried from the top: the first rule counts whose fields are all in the request. A "
                "natural person "
                "is always asked for with family name, given name and date of birth."
            ),
            required=True,
            item=Group(
                "",
                _N("Rule"),
                parts=(
                    Ticks(
                        "fields",
                        _N("Must be there"),
                        _N("The rule applies only if the request has all of these."),
                        required=True,
                        words="person",
                    ),
                    Ticks(
                        "optional",
                        _N("Sent where they are there"),
                        _N("Helps the register to tell persons apart. Only what it needs."),
                        words="person",
                    ),
                ),
            ),
        ),
    ),
)
_INPUTS = Section(
    "inputs",
    _N("What the register asks for besides"),
    _N(
        "Taken from the directory's question, else from an attribute of the request, else the "
        "citizen is asked "
        "on the preview pages."
    ),
    (
        Many(
            "additional_inputs",
            _N("Inputs"),
            _N("In the order in which the citizen is asked."),
            item=Group(
                "",
                _N("Input"),
                parts=(
                    Leaf(
                        "key",
                        _N("Key"),
                        _N("The name by which the register knows it: lower-case letters, digits, _ and -."),
                        "licence_plate",
                        required=True,
                    ),
                    texts(
                        "titles", _N("Titles"), _N("What the citizen reads as the question."), required=True
                    ),
                    texts(
                        "hints", _N("Hints"), _N("What it looks like and where it is found, with an example.")
                    ),
                    Leaf(
                        "required",
                        _N("The register needs it"),
                        _N("Without it the request cannot be made."),
                        kind="flag",
                        default=True,
                    ),
                    Leaf(
                        "ask_citizen",
                        _N("Ask the citizen"),
                        _N("On the preview pages, where the request does not say it."),
                        kind="flag",
                        default=True,
                    ),
                    Leaf(
                        "classification",
                        _N("Question of the directory"),
                        _N("The classification in the Data Services Directory that the portal answers."),
                        "$question/licence-plate",
                        words="questions",
                    ),
                    Leaf(
                        "attribute",
                        _N("Attribute of the request"),
                        _N("URI of a sector-specific attribute of the person that says it."),
                        words="attributes",
                    ),
                    Leaf(
                        "pattern",
                        _N("Pattern"),
                        _N(
                            "A regular expression that the whole value must match. Say in the hint "
                            "what it wants."
                        ),
                        "[0-9]{8}",
                        kind="pattern",
                    ),
                    Table(
                        "choices",
                        _N("Choices"),
                        _N("If only certain values may be given: each value and how the citizen reads it."),
                        key=Leaf("key", _N("Value"), required=True),
                        value=texts("value", _N("Text of the choice"), ""),
                    ),
                ),
            ),
        ),
    ),
)
_FORMATS = Section(
    "formats",
    _N("Forms of the evidence"),
    _N("What the requester can get, and what it is made of. The first is the one that is preferred."),
    (
        Many(
            "formats",
            _N("Forms"),
            required=True,
            item=Group(
                "",
                _N("Format"),
                parts=(
                    Leaf(
                        "media_type",
                        _N("Media type for the requester"),
                        _N("What the European side gets."),
                        "application/pdf",
                        required=True,
                        words="media",
                    ),
                    Leaf(
                        "national_media_type",
                        _N("Media type of the provider"),
                        _N("What the register delivers."),
                        "application/pdf",
                        required=True,
                        words="media",
                    ),
                    Leaf(
                        "conversion",
                        _N("Conversion"),
                        _N("How the one becomes the other."),
                        kind="choice",
                        words="conversions",
                        default="identity",
                    ),
                    Leaf(
                        "conforms_to",
                        _N("European data model"),
                        _N("Its URI in the Semantic Repository, or a $name. XML and JSON need it."),
                        "$model/birth-evidence",
                        words="models",
                    ),
                    Table(
                        "conforms_to_in",
                        _N("Data model in other EDM versions"),
                        _N("Only where a version names the data model otherwise."),
                        key=Leaf("key", _N("EDM version"), "", "oots-edm:v1.0", required=True),
                        value=Leaf("value", _N("Data model"), required=True, words="models"),
                    ),
                    Leaf(
                        "national_data_model",
                        _N("National data model"),
                        _N(
                            "By which the right form is found if the provider delivers several of "
                            "one media type."
                        ),
                        "urn:example:residence-certificate:1",
                    ),
                    Leaf(
                        "transformation",
                        _N("Subset or transformation"),
                        _N("URI of the subset or transformation that the requester may ask for."),
                        words="models",
                    ),
                ),
            ),
        ),
    ),
)
_RULES = Section(
    "rules",
    _N("Assurance, preview, retention"),
    "",
    (
        Leaf(
            "level_of_assurance",
            _N("Level of assurance"),
            _N("The least by which the citizen must have signed in."),
            required=True,
            kind="choice",
            words="assurance",
        ),
        Leaf(
            "preview",
            _N("Preview"),
            _N("Whether citizens see the evidence before it leaves. Only a law can say that they need not."),
            kind="choice",
            words="preview",
            default="required",
        ),
        Leaf(
            "preview_legal_basis",
            _N("Law that allows to leave out the preview"),
            _N("Art. 14(5) of Regulation (EU) 2018/1724: only where Union or national law says so."),
        ),
        Leaf(
            "retention_days",
            _N("Days of retention"),
            _N("How long evidence is kept here. Empty or 0: not at all, unless a law says otherwise."),
            kind="number",
            default=0,
        ),
    ),
)
EVIDENCE_FORM = Form(
    "evidence", (_WHAT, _EUROPE, _NATION, _ROUTING, _PERSON, _INPUTS, _FORMATS, _RULES, VALIDITY)
)
