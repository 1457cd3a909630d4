"""The cases, in the order in which they are tried. Source: `noots-national` §3 and the protocol as written
down in `intermediary/national/xnachweis/README.md` and `intermediary/national/rest/options.py`.
"""

from intermediary.provider_kit.model import Case


def _N(text: str) -> str:  # noqa: N802 - gettext's customary name
    """Marks a text for the catalogues of the pages that show it."""
    return text


_XN = ("xnachweis",)
_TLS = "noots-national §3, transport: HTTPS with mutual TLS"
_TOKEN = "noots-national §3, transport: bearer token, audience = service id"  # noqa: S105
_OUTCOME = "noots-national §3, nachweislieferung: ergebnis"
_LATER = "noots-national §3, transport: 202 + Location = poll or callback"
_KEY = "noots-national §3, transport: Idempotency-Key = abrufId"
_PROBLEM = "noots-national §3, transport: errors application/problem+json"
_CONTENT = "noots-national §3, nachweis: darstellung, inhalt"

CASES: tuple[Case, ...] = (
    Case(
        "connection",
        _N("Connection"),
        _N("A request over TLS, with the platform's client certificate."),
        _N("TLS 1.2 or newer; the server's certificate bears the name of the URL and comes from a known CA."),
        _TLS,
        _N("Check name, port and firewall; send the whole certificate chain; give the CA if it is your own."),
    ),
    Case(
        "client-certificate",
        _N("Without a client certificate"),
        _N("The same request and token, but no client certificate."),
        _N("The connection is refused, or the answer is 400, 401 or 403; never evidence."),
        _TLS,
        _N(
            "Require client certificates at your TLS edge (nginx: ssl_verify_client on); let nothing pass it."
        ),
    ),
    Case(
        "token-missing",
        _N("Without a token"),
        _N("A request without Authorization."),
        _N("401."),
        _TOKEN,
        _N("Check the access token before anything else and answer 401 where there is none."),
    ),
    Case(
        "token-altered",
        _N("With an altered token"),
        _N("A good token whose signature was changed."),
        _N("401."),
        _TOKEN,
        _N("Verify the token's signature with the keys of the IAM, or ask its introspection endpoint."),
    ),
    Case(
        "token-expired",
        _N("With an expired token"),
        _N("A token whose time is over, as the test data give it."),
        _N("401."),
        _TOKEN,
        _N("Check the claim exp, with a few seconds of leeway at most."),
    ),
    Case(
        "token-audience",
        _N("With a token for somebody else"),
        _N("A good token whose audience is another service."),
        _N("401 or 403."),
        _TOKEN,
        _N("Accept only tokens whose claim aud holds your own service id."),
    ),
    Case(
        "delivered",
        _N("Evidence is delivered"),
        _N("A request about a test person who has the evidence."),
        _N("200 with the evidence, of the type and in a form that was asked for, valid by the schema."),
        _OUTCOME,
        _N("Compare your answer with the schema; the rules and places beside this case say what is wrong."),
    ),
    Case(
        "head",
        _N("The head of the answer"),
        _N("The same request."),
        _N("Sender and recipient have changed places; the answer names the message that it answers."),
        "noots-national §3, kopf: bezugNachrichtenId",
        _N("Take absender, empfaenger and konversationsId from the request; refer to its nachrichtenId."),
        _XN,
    ),
    Case(
        "one-format",
        _N("One form only"),
        _N("The same person, one form asked for."),
        _N("That form and no other, or «rejected»."),
        "noots-national §3, abruf: format",
        _N("Deliver only the forms that the request lists."),
        _XN,
    ),
    Case(
        "several",
        _N("Several documents"),
        _N("A request about a person with several documents."),
        _N("At least two, each with an identifier of its own."),
        _CONTENT,
        _N("Give each nachweis its own nachweisId."),
    ),
    Case(
        "large",
        _N("A large document"),
        _N("A request about a person with a document beyond what fits into the message."),
        _N("The document arrives whole, as an attachment or by a link."),
        _CONTENT,
        _N("Send what is larger than 6 MB as an attachment (multipart/related) and refer to it."),
    ),
    Case(
        "characters",
        _N("Character set"),
        _N("A name with letters beyond ASCII, in UTF-8."),
        _N("The person is found."),
        "noots-national §3, person (String.Latin / DIN 91379)",
        _N("Read UTF-8, and compare names after Unicode normalisation (NFC)."),
    ),
    Case(
        "repeated",
        _N("The same request again"),
        _N("One request twice with the same Idempotency-Key."),
        _N("The same answer: the same outcome, the same evidence."),
        _KEY,
        _N("Keep your decision by Idempotency-Key for as long as the platform may repeat (a day is enough)."),
    ),
    Case(
        "deferred",
        _N("The answer comes later"),
        _N("A request whose answer takes a while; then the platform asks again."),
        _N("202 with Location (or the outcome «later»); asked again, the evidence."),
        _LATER,
        _N("Answer 202 with a Location on your own host and a Retry-After, and deliver there."),
    ),
    Case(
        "poll-token",
        _N("Asking again without a token"),
        _N("The Location of the deferred answer, without Authorization."),
        _N("401; never evidence."),
        _TOKEN,
        _N("Guard the Location as you guard the request."),
        _XN,
    ),
    Case(
        "poll-unknown",
        _N("Asking again for what was never asked"),
        _N("A Location that was never given."),
        _N("404; not the problem «not-found», which means that there is no such evidence."),
        _LATER,
        _N("Answer 404 with urn:intermediary:national:problem:unknown-request."),
        _XN,
    ),
    Case(
        "callback",
        _N("The answer is pushed"),
        _N("A request whose answer you push to the platform."),
        _N("A valid answer with the same abrufId arrives in time."),
        _LATER,
        _N("POST the nachweislieferung to /national/v1/nachweislieferungen of the platform."),
        _XN,
    ),
    Case(
        "unknown",
        _N("Unknown person"),
        _N("A request about a person whom you do not know."),
        _N("«not found», by the outcome or by its problem type; no evidence, no server error."),
        _OUTCOME,
        _N("Answer 200 with nichtGefunden; with REST, a status or outcome of your description."),
    ),
    Case(
        "ambiguous",
        _N("More than one person fits"),
        _N("A request that fits more than one person."),
        _N("«ambiguous»; never the evidence of one of them."),
        _OUTCOME,
        _N("Answer 200 with nichtEindeutig, and never choose by yourself."),
    ),
    Case(
        "rejected",
        _N("Refused"),
        _N("A request that you must refuse."),
        _N("«rejected»."),
        _OUTCOME,
        _N("Answer 200 with abgelehnt and a reason fit for the citizen."),
    ),
    Case(
        "missing-input",
        _N("An input is missing"),
        _N("A request without an input that you need."),
        _N("Refused, not found or ambiguous; no evidence, no server error."),
        "noots-national §3, zusatzangaben",
        _N("Check that everything is there before you search, and refuse in the words of the protocol."),
    ),
    Case(
        "malformed",
        _N("A broken request"),
        _N("A body that is cut off in the middle."),
        _N("4xx; no evidence, no server error."),
        _PROBLEM,
        _N("Treat what cannot be parsed as the sender's mistake: 400 or 422 with problem details."),
    ),
    Case(
        "invalid",
        _N("A request that breaks the schema"),
        _N("Well-formed XML that is no nachweisanfrage."),
        _N("4xx; no evidence, no server error."),
        _PROBLEM,
        _N("Validate requests against the schema and answer 422 with problem details."),
        _XN,
    ),
    Case(
        "entities",
        _N("A request with a document type"),
        _N("A request with a DOCTYPE that defines an entity."),
        _N("4xx: no entity is ever expanded."),
        "noots-national §3; CWE-611, CWE-776",
        _N("Forbid DOCTYPE in your XML parser."),
        _XN,
    ),
    Case(
        "content-type",
        _N("Wrong content type"),
        _N("A good request as text/plain."),
        _N("4xx (415), or the proper answer; no server error."),
        _PROBLEM,
        _N("Answer 415 to what is not in the protocol's content type."),
    ),
    Case(
        "error-bodies",
        _N("Bodies of errors"),
        _N("All answers of this run with 4xx, but those of the TLS edge."),
        _N("application/problem+json, with type and title; nothing of a program's insides."),
        _PROBLEM,
        _N("Answer errors as RFC 9457 describes, without stack traces, paths or versions."),
        _XN,
    ),
    Case(
        "answers",
        _N("Malformed answers"),
        _N("All answers of this run that the platform read."),
        _N("Each is readable and valid; a malformed one is refused by the platform, never guessed at."),
        "intermediary/national/xnachweis/README.md, Ask",
        _N("Mend what the rules and places beside this case name; the platform treats it as «unavailable»."),
    ),
    Case(
        "time",
        _N("Time"),
        _N("All calls of this run."),
        _N("Each is answered within the time that the test data name."),
        "noots-national §7",
        _N("Answer within seconds; where the search takes longer, answer 202 and deliver later."),
    ),
)
