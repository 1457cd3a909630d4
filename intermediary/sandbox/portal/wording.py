"""Error codes of the Exchange Data Model in the words of the citizen. oots-edm §5."""

from collections.abc import Mapping

_WORDS: Mapping[str, Mapping[str, str]] = {
    "EDM:ERR:0001": {
        "en": "The provider could not be sure that you are the person of the request",
        "it": "L'autorità non ha potuto confermare la tua identità",
    },
    "EDM:ERR:0002": {
        "en": "The evidence may not be sent to us: you did not allow it, or it is not permitted",
        "it": "Il documento non può essere trasmesso: non l'hai autorizzato oppure non è consentito",
    },
    "EDM:ERR:0003": {
        "en": "The provider did not accept our request; this is our mistake, not yours",
        "it": "La nostra richiesta non è stata accettata; l'errore è nostro",
    },
    "EDM:ERR:0004": {
        "en": "The provider found no such evidence about you",
        "it": "L'autorità non ha trovato il documento richiesto",
    },
    "EDM:ERR:0005": {
        "en": "The time for looking at the evidence is over",
        "it": "Il tempo a disposizione è scaduto",
    },
    "EDM:ERR:0006": {
        "en": "The provider does not know the preview any more; please begin again",
        "it": "L'anteprima non è più disponibile; ricomincia la richiesta",
    },
    "EDM:ERR:0007": {
        "en": "The provider cannot give the evidence in this way",
        "it": "L'autorità non può fornire il documento in questo modo",
    },
    "EDM:ERR:0008": {
        "en": "The provider's register could not answer; please try again later",
        "it": "Il registro non ha potuto rispondere; riprova più tardi",
    },
}
_OTHER = {"en": "The evidence could not be fetched", "it": "Non è stato possibile ottenere il documento"}


def plain_words(code: str) -> Mapping[str, str]:
    """What an error code means for the user, in English and Italian."""
    return _WORDS.get(code, _OTHER)
