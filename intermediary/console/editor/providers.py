"""The form of a provider: every field of `mapping.model.Provider`, and of the REST connector's options
(`national.rest.options`)."""

from intermediary.console.editor.nodes import Content, Group, Leaf, Many, Node, Table
from intermediary.console.editor.sections import VALIDITY, Form, Section, texts
from intermediary.console.pages import _N


def _path(name: str, label: str, explained: str = "", example: str = "", *, required: bool = False) -> Leaf:
    return Leaf(name, label, explained, example, required=required)


_WHO = Section(
    "who",
    _N("Who it is"),
    _N("The authority that answers, as citizens and requesters read of it."),
    (
        texts(
            "names",
            _N("Names"),
            _N("The authority's name. English is a must, its own language should be there."),
            required=True,
        ),
        Leaf("country", _N("Country"), required=True, kind="choice", words="countries"),
        Leaf(
            "national_id",
            _N("National identifier"),
            _N("By which the national network knows it."),
            "urn:example:authority:trade-office",
            required=True,
        ),
        Leaf(
            "agent_scheme",
            _N("Scheme of the European identifier"),
            _N("From the list of Electronic Address Schemes (EAS)."),
            "urn:cef.eu:names:identifier:EAS:0060",
            required=True,
            words="schemes",
        ),
        Leaf(
            "agent_id",
            _N("European identifier"),
            _N("By which requesters know it: the same as in the Data Services Directory."),
            "1234567890",
            required=True,
        ),
        Leaf("nuts", _N("Region (NUTS)"), _N("Code of the region for which it is competent."), "AT13"),
        Leaf(
            "lau",
            _N("Municipality (LAU)"),
            _N("Code of the municipality for which it is competent."),
            "90001",
        ),
    ),
)
_CALL = Section(
    "call",
    _N("How it is reached"),
    "",
    (
        Leaf(
            "protocol",
            _N("Protocol"),
            _N("The national protocol, or an interface of its own that is described in the section below."),
            required=True,
            kind="choice",
            words="protocols",
        ),
        Leaf(
            "url",
            _N("Address"),
            _N("Where requests are sent, without the path of a REST interface. Always https."),
            "https://register.example",
            required=True,
        ),
        Leaf(
            "component",
            _N("Component"),
            _N("Identifier of its system in the national network, if it has one."),
        ),
        Leaf(
            "audience",
            _N("Audience of the access token"),
            _N("As the token service knows it. Empty: the provider is called without a token."),
            "trade-register",
        ),
    ),
)
_REQUEST = Group(
    "request",
    _N("Request"),
    _N(
        "Values of the request are put in by placeholders such as {subject.family_name}, "
        "{subject.date_of_birth}, {additional.KEY} or {request_id}. A ? as in {language?} marks a "
        "value that may "
        "be missing."
    ),
    parts=(
        Leaf(
            "method",
            _N("Method"),
            _N("POST keeps names out of addresses and logs."),
            kind="choice",
            words="methods",
            default="GET",
        ),
        Leaf(
            "path",
            _N("Path"),
            _N("Behind the address of the provider; begins with /."),
            "/v2/vehicles/{additional.licence_plate}",
            required=True,
        ),
        Table(
            "query",
            _N("Query parameters"),
            _N("What follows the ? of the address."),
            key=Leaf("key", _N("Parameter"), required=True),
            value=Leaf("value", _N("Value"), "", "{language?}", required=True),
        ),
        Table(
            "headers",
            _N("Headers"),
            _N("Constants. Authorisation and content headers are set by the platform."),
            key=Leaf("key", _N("Header"), required=True),
            value=Leaf("value", _N("Value"), required=True),
        ),
        Leaf(
            "body",
            _N("Body (JSON)"),
            _N("What is sent with POST; placeholders stand in texts."),
            '{"name": "{subject.family_name}", "born": "{subject.date_of_birth}"}',
            kind="json",
        ),
    ),
)
_EVIDENCE = Group(
    "evidence",
    _N("Each evidence"),
    _N("Paths from the evidence. What does not begin with $ is a constant."),
    parts=(
        _path("id", _N("Identifier"), _N("Empty: the number of the request and the position."), "$.id"),
        _path("issuing_date", _N("Date of issue"), "", "$.issued", required=True),
        Group(
            "issuing_authority",
            _N("Issuing authority"),
            required=True,
            parts=(
                _path("id", _N("Identifier"), "", "$.authority.id", required=True),
                _path("name", _N("Name"), "", "Vehicle Register", required=True),
            ),
        ),
        _path("valid_from", _N("Valid from"), "", "$.validFrom"),
        _path("valid_until", _N("Valid until"), "", "$.validUntil"),
        Many(
            "representations",
            _N("Representations"),
            _N("In which forms the content is there, and where."),
            required=True,
            item=Group(
                "",
                _N("Representation"),
                parts=(
                    Leaf("media_type", _N("Media type"), "", "application/pdf", required=True, words="media"),
                    Content(
                        "content",
                        _N("Content"),
                        _N("What stands at that path, and the path."),
                        "$.pdf",
                        required=True,
                        names=("base64", "text", "json", "link"),
                    ),
                    Leaf(
                        "data_model",
                        _N("National data model"),
                        _N("The same as in the mapping's form, if there are several of one media type."),
                    ),
                    Leaf("language", _N("Language"), _N("Of the text, if it is always the same."), "en"),
                    Leaf(
                        "optional",
                        _N("May be missing"),
                        _N("An evidence without it is still an evidence."),
                        kind="flag",
                        default=False,
                    ),
                ),
            ),
        ),
    ),
)
_ANSWER = Group(
    "answer",
    _N("Answer"),
    _N("Where in the answer is what: paths are JSONPath (RFC 9535), $ is the whole answer."),
    parts=(
        Table(
            "statuses",
            _N("Meaning of status codes"),
            _N(
                "200 and 201 are read, 202 means later, any other that is not here: the register is "
                "not available."
            ),
            key=Leaf("key", _N("Status code"), "", "404", required=True),
            value=Leaf("value", _N("Means"), required=True, kind="choice", words="outcomes"),
        ),
        Group(
            "outcome",
            _N("Outcome in the answer"),
            _N("If the answer says in words how it went."),
            parts=(
                _path("path", _N("Path"), "", "$.result"),
                Table(
                    "values",
                    _N("Words"),
                    key=Leaf("key", _N("Word"), "", "HIT", required=True),
                    value=Leaf("value", _N("Means"), required=True, kind="choice", words="outcomes"),
                ),
            ),
        ),
        _path(
            "code", _N("Error code"), _N("Where the provider gives a code of its own; for the log."), "$.code"
        ),
        _path(
            "available_at",
            _N("When it is ready"),
            _N("Where the answer says when to ask again, for the outcome «later»."),
            "$.readyAt",
        ),
        _path(
            "evidences",
            _N("List of evidences"),
            _N("Empty: the whole answer is one evidence. Nothing found there: the provider has none."),
            "$.documents[*]",
        ),
        _EVIDENCE,
    ),
)
_OPTIONS = Section(
    "rest",
    _N("REST interface"),
    _N("Only for the protocol REST: how the provider's own interface is called and how its answer is read."),
    (Group("options", _N("Interface"), parts=(_REQUEST, _ANSWER)),),
    folded=True,
)
PROVIDER_FORM = Form("provider", (_WHO, _CALL, _OPTIONS, VALIDITY))

_PLATFORM: tuple[Node, ...] = (
    texts("names", _N("Names"), _N("How requesters and citizens read of the platform."), required=True),
    Leaf("country", _N("Country"), required=True, kind="choice", words="countries"),
    Leaf(
        "agent_scheme",
        _N("Scheme of the European identifier"),
        _N("From the list of Electronic Address Schemes (EAS)."),
        required=True,
        words="schemes",
    ),
    Leaf(
        "agent_id",
        _N("European identifier"),
        _N("The agent classified IP in our messages."),
        required=True,
    ),
    Leaf(
        "national_id",
        _N("National identifier"),
        _N("By which the national network knows it."),
        required=True,
    ),
    Leaf(
        "national_component",
        _N("Component"),
        _N("Identifier of its system in the national network, if it has one."),
    ),
    Leaf(
        "language",
        _N("Language of the national side"),
        kind="choice",
        words="languages",
        default="en",
    ),
    Many(
        "languages",
        _N("Languages that texts must have"),
        _N("A mapping whose titles, hints or choices lack one of them gets a warning."),
        item=Leaf("", _N("Language"), required=True, kind="choice", words="languages"),
    ),
    Many(
        "identifiers_without_meaning",
        _N("Countries whose eIDAS identifier says nothing here"),
        _N("Their identifier is made anew for each destination country: it is neither sent nor compared."),
        item=Leaf("", _N("Country"), required=True, kind="choice", words="countries"),
    ),
)
PLATFORM_FORM = Form(
    "platform",
    (
        Section(
            "who",
            _N("Who we are"),
            _N(
                "The platform in messages to the European and the national side. Changes concern "
                "every exchange."
            ),
            _PLATFORM,
        ),
    ),
)
REFERENCES_FORM = Form(
    "references",
    (
        Section(
            "references",
            _N("Names for identifiers of others"),
            _N(
                "A mapping that says $name means all of its identifiers. Changes concern every "
                "mapping that does."
            ),
            (
                Table(
                    "",
                    _N("Names"),
                    required=True,
                    key=Leaf("key", _N("Name"), _N("Without $."), "requirement/birth", required=True),
                    value=Many(
                        "value",
                        _N("Identifiers"),
                        _N("One for each form in use; hosts differ by EDM version."),
                        required=True,
                        item=Leaf("", _N("Identifier"), required=True),
                    ),
                ),
            ),
        ),
    ),
)
