"""English: check or rule id to what is demanded and what to do."""

from typing import Final

SENTENCES: Final[dict[str, tuple[str, str]]] = {
    "one_slot": (
        "{context} must have the slot {slot} exactly once.",
        "Add the slot {slot} where it is missing; keep one where there are several.",
    ),
    "at_most_one_slot": ("{context} may have the slot {slot} once at most.", "Keep one slot {slot}."),
    "one_of_slots": (
        "{context} must have exactly one of the slots {slots}.",
        "Send one of {slots}, not several.",
    ),
    "no_other_slot": (
        "This slot is not part of the message.",
        "Remove the slot, or correct its name; known are {expected}.",
    ),
    "has": ("{context} must contain {children}.", "Add what is missing of {children}."),
    "has_any": ("{context} must contain {children}.", "Add {children}."),
    "has_not": ("{context} must not contain {child}.", "Remove {child}."),
    "count": (
        "{context} must contain {child} as often as {bounds}.",
        "Correct the number of {child} to {bounds}.",
    ),
    "filled": ("{context} must contain one {child} that is not empty.", "Fill in {child}, once."),
    "attribute": ("{context} must have the attribute {attribute}.", "Add the attribute {attribute}."),
    "attribute_filled": (
        "{context} must have the attribute {attribute} with a value.",
        "Fill in the attribute {attribute}.",
    ),
    "attribute_is": (
        "The attribute {attribute} of {context} must be {expected}.",
        "Set {attribute} to {expected}.",
    ),
    "attribute_in": (
        "The attribute {attribute} of {context} must be a code of the list {list}.",
        "Use a code of {list}, spelt exactly as in the list.",
    ),
    "attribute_matches": (
        "The attribute {attribute} of {context} must be {form}.",
        "Write {attribute} as {form}.",
    ),
    "typed": (
        "{context} must be of the type {type}.",
        'Set xsi:type="{type}" and send a value of that type.',
    ),
    "value_in": (
        "{context} must be a code of the list {list}.",
        "Use a code of {list}, spelt exactly as in the list, without blanks around it.",
    ),
    "value_matches": ("{context} must be {form}.", "Write {form}."),
    "root_name": ("The root element must be query:{expected}.", "Send a query:{expected}."),
    "root_namespace": (
        "The root element must be in the namespace {expected}.",
        "Declare the namespace of RegRep 4.0 queries for the root element.",
    ),
    "agent_scheme": (
        "{context} must have a schemeID of the list EAS, or of an unregistered party id type.",
        "Set schemeID to urn:cef.eu:names:identifier:EAS:[code] with a code of EAS, or to one that starts "
        "with urn:oasis:names:tc:ebcore:partyid-type:unregistered.",
    ),
    "holds_agents": (
        "{context} must hold an sdg:Agent in its rim:Element.",
        "Add a rim:Element with an sdg:Agent.",
    ),
    "agent_without_jurisdiction": (
        "The agent must have sdg:Identifier and sdg:Name, and no sdg:Jurisdiction.",
        "Add what is missing; remove sdg:Jurisdiction.",
    ),
    "no_exception": (
        "A response with evidence must not contain an exception.",
        "Remove rs:Exception, or send an error response with the status Failure.",
    ),
    "all_slots": (
        "The response must have the slots SpecificationIdentifier, EvidenceResponseIdentifier, "
        "IssueDateTime, EvidenceProvider and EvidenceRequester.",
        "Add the slots that are missing.",
    ),
    "reference_at": (
        "The reference to an evidence must name a MIME part, so it must contain «@».",
        "Write xlink:href as cid:[Content-ID without angle brackets].",
    ),
    "reference_cid": (
        "The reference to an evidence must name a MIME part, so it must start with cid:.",
        "Write xlink:href as cid:[Content-ID without angle brackets].",
    ),
    "with_model": (
        "Evidence of a {format} format must say in sdg:ConformsTo which data model it follows.",
        "Add sdg:ConformsTo with the URL of the data model in the Semantic Repository.",
    ),
    "request_id": (
        "An error response must name the request, unless that was invalid.",
        "Set requestId to the id of the request.",
    ),
    "preview_or_decline": (
        "The severity Error does not go with this kind of exception.",
        "Use the severity PreviewRequired with rs:AuthorizationExceptionType, or another type of exception.",
    ),
    "requester_country": (
        "The agent classified ER must have an address with its country.",
        "Add sdg:Address with sdg:AdminUnitLevel1.",
    ),
    "minimum_data_set": (
        "{context} must hold nothing but the minimum data set that was matched.",
        "Remove every other attribute of the person.",
    ),
    "one_main": (
        "A package must have exactly one document classified MainEvidence.",
        "Classify one document as MainEvidence, the others as what they are to it.",
    ),
    "associated": (
        "A companion document must be the source of an association in its package.",
        "Add a RegistryObject of rim:AssociationType with sourceObject = the companion's id.",
    ),
    "association_source": (
        "The association's source must be a document classified {role}.",
        "Correct sourceObject, type, or the classification of the document.",
    ),
    "association_target": (
        "The association's target must be the document classified MainEvidence.",
        "Set targetObject to the id of the main evidence.",
    ),
    "association_type": (
        "An association of these documents must be of the type {expected}.",
        "Correct the attribute type of the association.",
    ),
    "main_metadata": (
        "The metadata of a main evidence must have Identifier, IsAbout, IssuingAuthority, IsConformantTo, "
        "IssuingDate and Distribution.",
        "Add what is missing.",
    ),
    "companion_metadata": (
        "The metadata of a companion document must have Identifier and Distribution only.",
        "Remove everything else.",
    ),
    "child_is": ("{child} of {context} must be {expected}.", "Set {child} to {expected}."),
}
