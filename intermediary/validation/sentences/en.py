"""English sentences for schema errors."""

from typing import Final

from intermediary.validation.sentences.model import Sentences

_FORMS: Final = {
    "xs:date": "a date, such as 2026-05-31",
    "xs:dateTime": "a date and time with zone, such as 2026-05-31T12:00:00Z",
    "xs:duration": "a duration, such as P1D",
    "xs:boolean": "true or false",
    "xs:integer": "a whole number",
    "xs:nonNegativeInteger": "a whole number, zero or more",
    "xs:float": "a number",
    "xs:anyURI": "a URI",
    "xs:base64Binary": "base64",
    "xs:language": "a language tag",
    "xs:NCName": "a name without colon",
    "xs:ID": "an identifier that is unique in the document",
    "xs:token": "a text without line breaks",
}
_WORDS: Final = {
    "SCHEMAV_CVC_MAXLENGTH_VALID": ("{what} is longer than allowed.", "Shorten it."),
    "SCHEMAV_CVC_MINLENGTH_VALID": ("{what} is shorter than allowed.", "Fill it in or leave it out."),
    "SCHEMAV_CVC_LENGTH_VALID": ("{what} has not the length required.", "Correct its length."),
    "SCHEMAV_CVC_PATTERN_VALID": (
        "{what} has not the form required.",
        "Write it as the schema's pattern says.",
    ),
    "SCHEMAV_CVC_ENUMERATION_VALID": (
        "{what} is none of those allowed.",
        "Use a value that the schema lists.",
    ),
    "SCHEMAV_CVC_MININCLUSIVE_VALID": ("{what} is below the least one allowed.", "Correct it."),
    "SCHEMAV_CVC_MAXINCLUSIVE_VALID": ("{what} is above the greatest one allowed.", "Correct it."),
    "SCHEMAV_CVC_MINEXCLUSIVE_VALID": ("{what} is below the least one allowed.", "Correct it."),
    "SCHEMAV_CVC_MAXEXCLUSIVE_VALID": ("{what} is above the greatest one allowed.", "Correct it."),
    "SCHEMAV_CVC_TOTALDIGITS_VALID": ("{what} has too many digits.", "Correct it."),
    "SCHEMAV_CVC_FRACTIONDIGITS_VALID": ("{what} has too many digits after the point.", "Correct it."),
    "SCHEMAV_CVC_AU": ("{what} is fixed by the schema.", "Use the fixed value, or leave it out."),
    "SCHEMAV_CVC_COMPLEX_TYPE_2_1": ("{element} must be empty.", "Remove everything inside {element}."),
    "SCHEMAV_CVC_COMPLEX_TYPE_2_2": (
        "{element} must hold text only, no elements.",
        "Remove the elements inside {element}.",
    ),
    "SCHEMAV_CVC_COMPLEX_TYPE_2_3": (
        "{element} must hold elements only, no text.",
        "Remove the text directly inside {element}.",
    ),
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_1": (
        "{element} must not have the attribute {attribute}.",
        "Remove the attribute {attribute}.",
    ),
    "SCHEMAV_CVC_TYPE_3_1_1": ("{element} must have no attributes.", "Remove the attributes of {element}."),
    "SCHEMAV_CVC_TYPE_3_1_2": (
        "{element} must hold text only, no elements.",
        "Remove the elements inside {element}.",
    ),
    "SCHEMAV_CVC_TYPE_2": (
        "{element} must say with xsi:type which kind of value it holds.",
        "Add xsi:type to {element}, such as rim:StringValueType.",
    ),
    "SCHEMAV_CVC_ELT_1": (
        "{element} is not known to this release, or not as the root of a message.",
        "Check the element's name, its namespace and the release that the message names.",
    ),
    "SCHEMAV_CVC_ELT_2": ("{element} is abstract.", "Use one of the elements that stand for it."),
} | dict.fromkeys(
    ("SCHEMAV_CVC_ELT_4_1", "SCHEMAV_CVC_ELT_4_2", "SCHEMAV_CVC_ELT_4_3"),
    (
        "The attribute xsi:type of {element} must name a type of the schema that fits here.",
        "Use a type of the schema; declare the prefix used in the attribute's value.",
    ),
)
_OTHER: Final = ("{element} does not agree with the schema.", "Compare it with the schema of this release.")
_BOUNDS: Final = {
    "SCHEMAV_CVC_MAXLENGTH_VALID": "{what} is longer than the {limit} characters allowed.",
    "SCHEMAV_CVC_MINLENGTH_VALID": "{what} is shorter than allowed; the least length is {limit}.",
    "SCHEMAV_CVC_LENGTH_VALID": "{what} must have a length of {limit}.",
    "SCHEMAV_CVC_PATTERN_VALID": "{what} must match the pattern {limit}.",
    "SCHEMAV_CVC_MININCLUSIVE_VALID": "{what} must be {limit} or more.",
    "SCHEMAV_CVC_MAXINCLUSIVE_VALID": "{what} must be {limit} or less.",
    "SCHEMAV_CVC_MINEXCLUSIVE_VALID": "{what} must be more than {limit}.",
    "SCHEMAV_CVC_MAXEXCLUSIVE_VALID": "{what} must be less than {limit}.",
    "SCHEMAV_CVC_TOTALDIGITS_VALID": "{what} must have no more digits than {limit}.",
    "SCHEMAV_CVC_FRACTIONDIGITS_VALID": "{what} must have no more digits after the point than {limit}.",
}
_CHOICES: Final = {
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_1": "Remove the attribute {attribute}; {element} may have {listed}.",
    "SCHEMAV_CVC_TYPE_2": "Add xsi:type to {element}: {listed}.",
}

ENGLISH: Final = Sentences(
    forms=_FORMS,
    words=_WORDS,
    other=_OTHER,
    value="The value of {element}",
    attribute_value="The value of the attribute {attribute} of {element}",
    missing_attribute=("{element} must have {attribute}.", "Add {attribute} to {element}."),
    the_attribute="the attribute {attribute}",
    some_attribute="an attribute that the schema requires",
    datatype=("{what} must be {form}.", "Write {form}."),
    some_datatype=("{what} is not of the type required.", "Write it as the schema's type demands."),
    incomplete=("{element} is incomplete.", "Add {listed} inside {element}."),
    incomplete_somehow=("{element} is incomplete.", "Complete it."),
    unexpected=(
        "{element} is not expected here.",
        "Write {listed} here, or move {element} to its place in the order of the schema.",
    ),
    unexpected_somehow=(
        "{element} is not expected here.",
        "Remove {element}, or move it to its place in the order of the schema.",
    ),
    needs="{element} is incomplete: it needs {listed}.",
    needs_after="{element} is incomplete: after {previous} it needs {listed}.",
    after="{element} is not expected here: after {previous} only {listed} may follow.",
    after_all="{element} is not expected here: after {previous} nothing more may follow in {parent}.",
    begins="{element} is not expected here: {parent} begins with {listed}.",
    stranger="Remove {element}: {parent} has no such element.",
    too_many=("{element} may occur in {parent} at most {times}.", "Remove every {element} beyond that."),
    once="once",
    times="{number} times",
    one_of=("{what} must be {listed}.", "Use one of these values as it is written here."),
    bounds=_BOUNDS,
    choices=_CHOICES,
    or_=" or ",
    the_element="the element",
)
