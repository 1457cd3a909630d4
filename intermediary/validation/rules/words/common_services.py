"""What only the rules of the Common Services say, in English and German."""

from typing import Final

ENGLISH: Final[dict[str, tuple[str, str]]] = {
    "document_element": ("The root element must be {expected}.", "Send a {expected}."),
    "document_namespace": (
        "The root element must be in the namespace {expected}.",
        "Declare that namespace for the root element.",
    ),
    "some_slot": ("At least one object must have the slot {slot}.", "Add an object with the slot {slot}."),
    "one_slot_at_least": ("{context} must have the slot {slot}.", "Add the slot {slot}."),
    "none_empty": ("{child} of {context} must not be empty.", "Fill in {child}."),
    "some_filled": (
        "{context} must contain {child}, and none of them empty.",
        "Add {child}, and fill in each.",
    ),
    "classified": (
        "An object must have a rim:Classification, unless it is an association.",
        'Add rim:Classification, or set xsi:type="rim:AssociationType".',
    ),
    "slot_of_node": (
        "An object classified as {node} must have the slot {node} and no other.",
        "Add the slot {node}, remove others.",
    ),
    "bare_requirement": (
        "A submitted requirement must not contain sdg:EvidenceType or sdg:ReferenceFramework.",
        "Submit these as objects of their own, linked by associations.",
    ),
    "end_is": (
        "{end} of this association must be the id of an object classified as {node}.",
        "Set {end} to the id of such an object of the same submission.",
    ),
    "ends_are": (
        "An association must lead from an object classified as {source} to one classified as {target}.",
        "Set sourceObject and targetObject to the ids of such objects of the same submission.",
    ),
    "link_type": (
        "An association from {source} to {target} must have the type {expected}.",
        "Set type to {expected}.",
    ),
    "some_association": (
        "A submission must contain associations.",
        'Add objects with xsi:type="rim:AssociationType".',
    ),
    "transformed": (
        "A distribution with sdg:Transformation must say in sdg:ConformsTo which data model it is made from.",
        "Add sdg:ConformsTo with the URL of the data model.",
    ),
    "supported_values": (
        "For every sdg:EvidenceProviderClassification there must be an sdg:SupportedValue at the services.",
        "Add sdg:SupportedValue to the classification concepts of the publishers.",
    ),
    "slots_with_exception": (
        "An unsuccessful answer without exception must not have slots.",
        "Add the exception, or remove the slots.",
    ),
    "offer": (
        "The evidence type of this exception must have identifier, classification, title and distribution, "
        "and neither services nor questions.",
        "Add what is missing; remove sdg:AccessService, sdg:EvidenceProviderJurisdictionDetermination and "
        "sdg:EvidenceProviderClassification.",
    ),
    "asks": (
        "DSD:ERR:0005 must ask something: it needs the slot JurisdictionDetermination or "
        "UserRequestedClassificationConcepts.",
        "Add one of the two slots, or use another code.",
    ),
    "no_plain_error": (
        "DSD:ERR:0005 asks for more input, so its severity is not Error.",
        "Set severity to {expected}.",
    ),
    "request_named": (
        "An error answer must name the request, unless its code is LCM:ERR:0003.",
        "Set requestId to the id of the request.",
    ),
}
GERMAN: Final[dict[str, tuple[str, str]]] = {
    "document_element": ("Das Wurzelelement muss {expected} sein.", "Senden Sie ein {expected}."),
    "document_namespace": (
        "Das Wurzelelement muss im Namensraum {expected} liegen.",
        "Deklarieren Sie diesen Namensraum für das Wurzelelement.",
    ),
    "some_slot": (
        "Mindestens ein Objekt muss den Slot {slot} haben.",
        "Fügen Sie ein Objekt mit dem Slot {slot} hinzu.",
    ),
    "one_slot_at_least": ("{context} muss den Slot {slot} haben.", "Fügen Sie den Slot {slot} hinzu."),
    "none_empty": ("{child} von {context} darf nicht leer sein.", "Füllen Sie {child} aus."),
    "some_filled": (
        "{context} muss {child} enthalten, und keines davon leer.",
        "Fügen Sie {child} hinzu und füllen Sie jedes aus.",
    ),
    "classified": (
        "Ein Objekt muss eine rim:Classification haben, wenn es keine Verknüpfung ist.",
        'Fügen Sie rim:Classification hinzu oder setzen Sie xsi:type="rim:AssociationType".',
    ),
    "slot_of_node": (
        "Ein als {node} klassifiziertes Objekt muss den Slot {node} haben und keinen anderen.",
        "Fügen Sie den Slot {node} hinzu, entfernen Sie andere.",
    ),
    "bare_requirement": (
        "Eine gemeldete Anforderung darf weder sdg:EvidenceType noch sdg:ReferenceFramework enthalten.",
        "Melden Sie diese als eigene Objekte, durch Verknüpfungen verbunden.",
    ),
    "end_is": (
        "{end} dieser Verknüpfung muss die id eines als {node} klassifizierten Objekts sein.",
        "Setzen Sie {end} auf die id eines solchen Objekts derselben Meldung.",
    ),
    "ends_are": (
        "Eine Verknüpfung muss von einem als {source} klassifizierten Objekt zu einem als {target} "
        "klassifizierten führen.",
        "Setzen Sie sourceObject und targetObject auf die ids solcher Objekte derselben Meldung.",
    ),
    "link_type": (
        "Eine Verknüpfung von {source} zu {target} muss vom Typ {expected} sein.",
        "Setzen Sie type auf {expected}.",
    ),
    "some_association": (
        "Eine Meldung muss Verknüpfungen enthalten.",
        'Fügen Sie Objekte mit xsi:type="rim:AssociationType" hinzu.',
    ),
    "transformed": (
        "Eine Distribution mit sdg:Transformation muss in sdg:ConformsTo sagen, aus welchem Datenmodell sie "
        "gebildet ist.",
        "Fügen Sie sdg:ConformsTo mit der URL des Datenmodells hinzu.",
    ),
    "supported_values": (
        "Zu jeder sdg:EvidenceProviderClassification muss ein Dienst einen sdg:SupportedValue haben.",
        "Fügen Sie sdg:SupportedValue bei den Klassifikationen der Stellen hinzu.",
    ),
    "slots_with_exception": (
        "Eine erfolglose Antwort ohne Exception darf keine Slots haben.",
        "Fügen Sie die Exception hinzu oder entfernen Sie die Slots.",
    ),
    "offer": (
        "Der Nachweistyp dieser Exception muss Kennung, Klassifikation, Titel und Distribution haben, aber "
        "weder Dienste noch Fragen.",
        "Ergänzen Sie, was fehlt; entfernen Sie sdg:AccessService, "
        "sdg:EvidenceProviderJurisdictionDetermination und sdg:EvidenceProviderClassification.",
    ),
    "asks": (
        "DSD:ERR:0005 muss etwas fragen: Es braucht den Slot JurisdictionDetermination oder "
        "UserRequestedClassificationConcepts.",
        "Fügen Sie einen der beiden Slots hinzu oder verwenden Sie einen anderen Code.",
    ),
    "no_plain_error": (
        "DSD:ERR:0005 bittet um weitere Angaben, daher ist der Schweregrad nicht Error.",
        "Setzen Sie severity auf {expected}.",
    ),
    "request_named": (
        "Eine Fehlerantwort muss die Anfrage nennen, außer bei LCM:ERR:0003.",
        "Setzen Sie requestId auf die id der Anfrage.",
    ),
}
