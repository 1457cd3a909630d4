"""Namespaces and fixed names of EDM messages (TDD 4.5; RegRep 4.0; SDG Generic Metadata Profile)."""

QUERY = "urn:oasis:names:tc:ebxml-regrep:xsd:query:4.0"
RIM = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:4.0"
RS = "urn:oasis:names:tc:ebxml-regrep:xsd:rs:4.0"
SDG = "http://data.europa.eu/p4s"
XLINK = "http://www.w3.org/1999/xlink"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XML = "http://www.w3.org/XML/1998/namespace"

NSMAP: dict[str, str] = {
    "query": QUERY,
    "rim": RIM,
    "rs": RS,
    "sdg": SDG,
    "xlink": XLINK,
    "xsi": XSI,
}
"""Prefixes of every message that we write."""
PREFIXES = {uri: prefix for prefix, uri in NSMAP.items()} | {XML: "xml"}

XSI_TYPE = f"{{{XSI}}}type"
XML_LANG = f"{{{XML}}}lang"
LANGS = ("lang", XML_LANG, f"{{{XSI}}}lang")
"""Where a language is found: `lang` in sdg, `xml:lang` in rim, `xsi:lang` in the republished 1.2 samples."""
HREF = f"{{{XLINK}}}href"
TITLE = f"{{{XLINK}}}title"

QUERY_REQUEST = f"{{{QUERY}}}QueryRequest"
QUERY_RESPONSE = f"{{{QUERY}}}QueryResponse"
RESPONSE_OPTION = f"{{{QUERY}}}ResponseOption"
QUERY_ELEMENT = f"{{{QUERY}}}Query"
SLOT = f"{{{RIM}}}Slot"
SLOT_VALUE = f"{{{RIM}}}SlotValue"
VALUE = f"{{{RIM}}}Value"
ELEMENT = f"{{{RIM}}}Element"
LOCALIZED_STRING = f"{{{RIM}}}LocalizedString"
OBJECT_LIST = f"{{{RIM}}}RegistryObjectList"
OBJECT = f"{{{RIM}}}RegistryObject"
CLASSIFICATION = f"{{{RIM}}}Classification"
ITEM_REF = f"{{{RIM}}}RepositoryItemRef"
EXCEPTION = f"{{{RS}}}Exception"

STRING = f"{{{RIM}}}StringValueType"
DATE_TIME = f"{{{RIM}}}DateTimeValueType"
BOOLEAN = f"{{{RIM}}}BooleanValueType"
INTERNATIONAL = f"{{{RIM}}}InternationalStringValueType"
ANY = f"{{{RIM}}}AnyValueType"
COLLECTION = f"{{{RIM}}}CollectionValueType"
EXTRINSIC = f"{{{RIM}}}ExtrinsicObjectType"
PACKAGE = f"{{{RIM}}}RegistryPackageType"
ASSOCIATION = f"{{{RIM}}}AssociationType"

SUCCESS = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"
UNAVAILABLE = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Unavailable"
"""A deferred response (R-EDM-RESP-S006), with slot ResponseAvailableDateTime and an empty object list."""
FAILURE = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure"
SET = "urn:oasis:names:tc:ebxml-regrep:CollectionType:Set"
CLASSIFICATION_SCHEME = "urn:fdc:oots:classification:edm"
ASSOCIATION_PREFIX = "urn:oasis:names:tc:ebxml-regrep:AssociationType:"
