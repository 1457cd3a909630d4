"""German sentences for schema errors."""

from typing import Final

from intermediary.validation.sentences.model import Sentences

_FORMS: Final = {
    "xs:date": "ein Datum wie 2026-05-31",
    "xs:dateTime": "ein Zeitpunkt mit Zeitzone wie 2026-05-31T12:00:00Z",
    "xs:duration": "eine Dauer wie P1D",
    "xs:boolean": "true oder false",
    "xs:integer": "eine ganze Zahl",
    "xs:nonNegativeInteger": "eine ganze Zahl, null oder größer",
    "xs:float": "eine Zahl",
    "xs:anyURI": "eine URI",
    "xs:base64Binary": "Base64",
    "xs:language": "eine Sprachkennung",
    "xs:NCName": "ein Name ohne Doppelpunkt",
    "xs:ID": "eine im Dokument eindeutige Kennung",
    "xs:token": "ein Text ohne Zeilenumbruch",
}
_WORDS: Final = {
    "SCHEMAV_CVC_MAXLENGTH_VALID": ("{what} ist länger als erlaubt.", "Kürzen."),
    "SCHEMAV_CVC_MINLENGTH_VALID": ("{what} ist kürzer als erlaubt.", "Ausfüllen oder weglassen."),
    "SCHEMAV_CVC_LENGTH_VALID": ("{what} hat nicht die verlangte Länge.", "Die Länge berichtigen."),
    "SCHEMAV_CVC_PATTERN_VALID": (
        "{what} hat nicht die verlangte Form.",
        "So schreiben, wie es das Muster des Schemas verlangt.",
    ),
    "SCHEMAV_CVC_ENUMERATION_VALID": (
        "{what} gehört nicht zu den erlaubten Werten.",
        "Einen Wert verwenden, den das Schema aufzählt.",
    ),
    "SCHEMAV_CVC_MININCLUSIVE_VALID": ("{what} liegt unter dem kleinsten erlaubten Wert.", "Berichtigen."),
    "SCHEMAV_CVC_MAXINCLUSIVE_VALID": ("{what} liegt über dem größten erlaubten Wert.", "Berichtigen."),
    "SCHEMAV_CVC_MINEXCLUSIVE_VALID": ("{what} liegt unter dem kleinsten erlaubten Wert.", "Berichtigen."),
    "SCHEMAV_CVC_MAXEXCLUSIVE_VALID": ("{what} liegt über dem größten erlaubten Wert.", "Berichtigen."),
    "SCHEMAV_CVC_TOTALDIGITS_VALID": ("{what} hat zu viele Ziffern.", "Berichtigen."),
    "SCHEMAV_CVC_FRACTIONDIGITS_VALID": ("{what} hat zu viele Nachkommastellen.", "Berichtigen."),
    "SCHEMAV_CVC_AU": (
        "{what} ist vom Schema festgelegt.",
        "Den festgelegten Wert verwenden oder das Attribut weglassen.",
    ),
    "SCHEMAV_CVC_COMPLEX_TYPE_2_1": ("{element} muss leer sein.", "Alles in {element} entfernen."),
    "SCHEMAV_CVC_COMPLEX_TYPE_2_2": (
        "{element} darf nur Text enthalten, keine Elemente.",
        "Die Elemente in {element} entfernen.",
    ),
    "SCHEMAV_CVC_COMPLEX_TYPE_2_3": (
        "{element} darf nur Elemente enthalten, keinen Text.",
        "Den Text unmittelbar in {element} entfernen.",
    ),
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_1": (
        "{element} darf das Attribut {attribute} nicht haben.",
        "Das Attribut {attribute} entfernen.",
    ),
    "SCHEMAV_CVC_TYPE_3_1_1": (
        "{element} darf keine Attribute haben.",
        "Die Attribute von {element} entfernen.",
    ),
    "SCHEMAV_CVC_TYPE_3_1_2": (
        "{element} darf nur Text enthalten, keine Elemente.",
        "Die Elemente in {element} entfernen.",
    ),
    "SCHEMAV_CVC_TYPE_2": (
        "{element} muss mit xsi:type sagen, welche Art von Wert es enthält.",
        "In {element} xsi:type ergänzen, etwa rim:StringValueType.",
    ),
    "SCHEMAV_CVC_ELT_1": (
        "{element} ist diesem Release nicht bekannt, oder nicht als Wurzel einer Nachricht.",
        "Namen und Namensraum des Elements prüfen und das Release, das die Nachricht nennt.",
    ),
    "SCHEMAV_CVC_ELT_2": (
        "{element} ist abstrakt.",
        "Eines der Elemente verwenden, die dafür stehen.",
    ),
} | dict.fromkeys(
    ("SCHEMAV_CVC_ELT_4_1", "SCHEMAV_CVC_ELT_4_2", "SCHEMAV_CVC_ELT_4_3"),
    (
        "Das Attribut xsi:type von {element} muss einen Typ des Schemas nennen, der hier passt.",
        "Einen Typ des Schemas verwenden; das Präfix im Wert des Attributs deklarieren.",
    ),
)
_BOUNDS: Final = {
    "SCHEMAV_CVC_MAXLENGTH_VALID": "{what} ist länger als die erlaubten {limit} Zeichen.",
    "SCHEMAV_CVC_MINLENGTH_VALID": "{what} ist kürzer als erlaubt; die kleinste Länge ist {limit}.",
    "SCHEMAV_CVC_LENGTH_VALID": "{what} muss die Länge {limit} haben.",
    "SCHEMAV_CVC_PATTERN_VALID": "{what} muss dem Muster {limit} entsprechen.",
    "SCHEMAV_CVC_MININCLUSIVE_VALID": "{what} muss mindestens {limit} sein.",
    "SCHEMAV_CVC_MAXINCLUSIVE_VALID": "{what} darf höchstens {limit} sein.",
    "SCHEMAV_CVC_MINEXCLUSIVE_VALID": "{what} muss größer als {limit} sein.",
    "SCHEMAV_CVC_MAXEXCLUSIVE_VALID": "{what} muss kleiner als {limit} sein.",
    "SCHEMAV_CVC_TOTALDIGITS_VALID": "{what} darf nicht mehr Ziffern haben als {limit}.",
    "SCHEMAV_CVC_FRACTIONDIGITS_VALID": "{what} darf nicht mehr Nachkommastellen haben als {limit}.",
}
_CHOICES: Final = {
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_1": "Das Attribut {attribute} entfernen; {element} darf {listed} haben.",
    "SCHEMAV_CVC_TYPE_2": "In {element} xsi:type ergänzen: {listed}.",
}

GERMAN: Final = Sentences(
    forms=_FORMS,
    words=_WORDS,
    other=("{element} entspricht nicht dem Schema.", "Mit dem Schema dieses Release vergleichen."),
    value="Der Wert von {element}",
    attribute_value="Der Wert des Attributs {attribute} von {element}",
    missing_attribute=("{element} muss {attribute} haben.", "In {element} {attribute} ergänzen."),
    the_attribute="das Attribut {attribute}",
    some_attribute="ein Attribut, das das Schema verlangt,",
    datatype=("{what} muss so beschaffen sein: {form}.", "So schreiben: {form}."),
    some_datatype=(
        "{what} ist nicht vom verlangten Typ.",
        "So schreiben, wie es der Typ des Schemas verlangt.",
    ),
    incomplete=("{element} ist unvollständig.", "In {element} ergänzen: {listed}."),
    incomplete_somehow=("{element} ist unvollständig.", "Vervollständigen."),
    unexpected=(
        "{element} wird hier nicht erwartet.",
        "Hier {listed} schreiben oder {element} an seinen Platz in der Reihenfolge des Schemas setzen.",
    ),
    unexpected_somehow=(
        "{element} wird hier nicht erwartet.",
        "{element} entfernen oder an seinen Platz in der Reihenfolge des Schemas setzen.",
    ),
    needs="{element} ist unvollständig: Es braucht {listed}.",
    needs_after="{element} ist unvollständig: Nach {previous} braucht es {listed}.",
    after="{element} wird hier nicht erwartet: Nach {previous} darf nur {listed} folgen.",
    after_all="{element} wird hier nicht erwartet: Nach {previous} darf in {parent} nichts mehr folgen.",
    begins="{element} wird hier nicht erwartet: {parent} beginnt mit {listed}.",
    stranger="{element} entfernen: {parent} hat kein solches Element.",
    too_many=(
        "{element} darf in {parent} höchstens {times} vorkommen.",
        "Jedes weitere {element} entfernen.",
    ),
    once="einmal",
    times="{number}-mal",
    one_of=("{what} muss {listed} sein.", "Einen dieser Werte verwenden, so geschrieben wie hier."),
    bounds=_BOUNDS,
    choices=_CHOICES,
    or_=" oder ",
    the_element="das Element",
)
