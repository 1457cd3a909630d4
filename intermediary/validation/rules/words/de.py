"""German: check or rule id to what is demanded and what to do."""

from typing import Final

SENTENCES: Final[dict[str, tuple[str, str]]] = {
    "one_slot": (
        "{context} muss den Slot {slot} genau einmal haben.",
        "Den Slot {slot} ergänzen, wo er fehlt; bei mehreren nur einen behalten.",
    ),
    "at_most_one_slot": (
        "{context} darf den Slot {slot} höchstens einmal haben.",
        "Nur einen Slot {slot} behalten.",
    ),
    "one_of_slots": (
        "{context} muss genau einen der Slots {slots} haben.",
        "Einen der Slots {slots} senden, nicht mehrere.",
    ),
    "no_other_slot": (
        "Dieser Slot gehört nicht in die Nachricht.",
        "Den Slot entfernen oder seinen Namen berichtigen; bekannt sind {expected}.",
    ),
    "has": ("{context} muss {children} enthalten.", "Ergänzen, was von {children} fehlt."),
    "has_any": ("{context} muss {children} enthalten.", "{children} ergänzen."),
    "has_not": ("{context} darf {child} nicht enthalten.", "{child} entfernen."),
    "count": (
        "{context} muss {child} in der Anzahl {bounds} enthalten.",
        "Die Anzahl von {child} auf {bounds} berichtigen.",
    ),
    "filled": ("{context} muss genau ein nicht leeres {child} enthalten.", "{child} einmal ausfüllen."),
    "attribute": ("{context} muss das Attribut {attribute} haben.", "Das Attribut {attribute} ergänzen."),
    "attribute_filled": (
        "{context} muss das Attribut {attribute} mit einem Wert haben.",
        "Das Attribut {attribute} ausfüllen.",
    ),
    "attribute_is": (
        "Das Attribut {attribute} von {context} muss {expected} sein.",
        "{attribute} auf {expected} setzen.",
    ),
    "attribute_in": (
        "Das Attribut {attribute} von {context} muss ein Code der Liste {list} sein.",
        "Einen Code aus {list} verwenden, genau wie in der Liste geschrieben.",
    ),
    "attribute_matches": (
        "Das Attribut {attribute} von {context} muss folgende Form haben: {form}.",
        "{attribute} in dieser Form schreiben: {form}.",
    ),
    "typed": (
        "{context} muss vom Typ {type} sein.",
        'xsi:type="{type}" setzen und einen Wert dieses Typs senden.',
    ),
    "value_in": (
        "{context} muss ein Code der Liste {list} sein.",
        "Einen Code aus {list} verwenden, genau wie in der Liste geschrieben, ohne Leerzeichen daneben.",
    ),
    "value_matches": ("{context} muss folgende Form haben: {form}.", "In dieser Form schreiben: {form}."),
    "root_name": ("Das Wurzelelement muss query:{expected} sein.", "Ein query:{expected} senden."),
    "root_namespace": (
        "Das Wurzelelement muss im Namensraum {expected} liegen.",
        "Für das Wurzelelement den Namensraum der RegRep-4.0-Abfragen deklarieren.",
    ),
    "agent_scheme": (
        "{context} muss eine schemeID der Liste EAS oder eines nicht registrierten Kennungstyps haben.",
        "schemeID auf urn:cef.eu:names:identifier:EAS:[Code] mit einem Code aus EAS setzen, oder auf einen "
        "Wert, der mit urn:oasis:names:tc:ebcore:partyid-type:unregistered beginnt.",
    ),
    "holds_agents": (
        "{context} muss in seinem rim:Element einen sdg:Agent enthalten.",
        "Ein rim:Element mit sdg:Agent ergänzen.",
    ),
    "agent_without_jurisdiction": (
        "Der Agent muss sdg:Identifier und sdg:Name haben, aber kein sdg:Jurisdiction.",
        "Fehlendes ergänzen; sdg:Jurisdiction entfernen.",
    ),
    "no_exception": (
        "Eine Antwort mit Nachweis darf keine Exception enthalten.",
        "rs:Exception entfernen oder eine Fehlerantwort mit Status Failure senden.",
    ),
    "all_slots": (
        "Die Antwort muss die Slots SpecificationIdentifier, EvidenceResponseIdentifier, IssueDateTime, "
        "EvidenceProvider und EvidenceRequester haben.",
        "Die fehlenden Slots ergänzen.",
    ),
    "reference_at": (
        "Der Verweis auf einen Nachweis muss einen MIME-Teil nennen und daher «@» enthalten.",
        "xlink:href als cid:[Content-ID ohne spitze Klammern] schreiben.",
    ),
    "reference_cid": (
        "Der Verweis auf einen Nachweis muss einen MIME-Teil nennen und daher mit cid: beginnen.",
        "xlink:href als cid:[Content-ID ohne spitze Klammern] schreiben.",
    ),
    "with_model": (
        "Ein Nachweis im Format {format} muss in sdg:ConformsTo sein Datenmodell nennen.",
        "sdg:ConformsTo mit der URL des Datenmodells im Semantic Repository ergänzen.",
    ),
    "request_id": (
        "Eine Fehlerantwort muss die Anfrage nennen, außer diese war ungültig.",
        "requestId auf die id der Anfrage setzen.",
    ),
    "preview_or_decline": (
        "Der Schweregrad Error passt nicht zu dieser Art von Exception.",
        "Zu rs:AuthorizationExceptionType den Schweregrad PreviewRequired setzen, oder einen anderen Typ.",
    ),
    "requester_country": (
        "Der als ER eingestufte Agent muss eine Adresse mit Land haben.",
        "sdg:Address mit sdg:AdminUnitLevel1 ergänzen.",
    ),
    "minimum_data_set": (
        "{context} darf nur den abgeglichenen Mindestdatensatz enthalten.",
        "Alle weiteren Angaben zur Person entfernen.",
    ),
    "one_main": (
        "Ein Paket muss genau ein als MainEvidence eingestuftes Dokument haben.",
        "Ein Dokument als MainEvidence einstufen, die übrigen nach ihrer Beziehung dazu.",
    ),
    "associated": (
        "Ein Begleitdokument muss Quelle einer Assoziation in seinem Paket sein.",
        "Ein RegistryObject vom Typ rim:AssociationType mit sourceObject = id des Begleitdokuments ergänzen.",
    ),
    "association_source": (
        "Die Quelle der Assoziation muss ein als {role} eingestuftes Dokument sein.",
        "sourceObject, type oder die Einstufung des Dokuments berichtigen.",
    ),
    "association_target": (
        "Das Ziel der Assoziation muss das als MainEvidence eingestufte Dokument sein.",
        "targetObject auf die id des Hauptnachweises setzen.",
    ),
    "association_type": (
        "Eine Assoziation dieser Dokumente muss vom Typ {expected} sein.",
        "Das Attribut type der Assoziation berichtigen.",
    ),
    "main_metadata": (
        "Die Metadaten eines Hauptnachweises brauchen Identifier, IsAbout, IssuingAuthority, IsConformantTo, "
        "IssuingDate und Distribution.",
        "Fehlendes ergänzen.",
    ),
    "companion_metadata": (
        "Die Metadaten eines Begleitdokuments dürfen nur Identifier und Distribution enthalten.",
        "Alles Übrige entfernen.",
    ),
    "child_is": ("{child} von {context} muss {expected} sein.", "{child} auf {expected} setzen."),
}
