"""Evidence requests of the portal, in any version of the Exchange Data Model. Pure. oots-edm §3."""

import uuid
from dataclasses import replace
from datetime import datetime

from intermediary.edm import Profile
from intermediary.edm.codes import DocumentRole
from intermediary.edm.model import (
    Address,
    Agent,
    DataServiceEvidenceType,
    Distribution,
    EvidenceRequest,
    Identifier,
    Requirement,
    Text,
)
from intermediary.sandbox.people import Person
from intermediary.sandbox.portal.catalogue import Offer
from intermediary.sandbox.portal.exchanges import Exchange
from intermediary.sandbox.portal.subjects import legal_person, natural_person

REQUESTER = Agent(
    identifier=Identifier("UFSBX1", "urn:cef.eu:names:identifier:EAS:0201"),
    names=(Text("Municipality of Bolzano", "EN"), Text("Comune di Bolzano", "IT")),
    address=Address(
        full_address="Vicolo Gumer 7, 39100 Bolzano, Italia",
        locator_designator="7",
        post_code="39100",
        post_city_name="Bolzano",
        thoroughfare="Vicolo Gumer",
        admin_unit_level_1="IT",
    ),
    classification="ER",
)
"""Who asks: a municipality by its (made-up) code of the Italian directory of public administrations."""


def first_request(
    offer: Offer,
    person: Person,
    profile: Profile,
    now: datetime,
    *,
    preview_possible: bool = True,
    explicit_request: bool = True,
    media_type: str | None = None,
) -> EvidenceRequest:
    """A first request for what the catalogue offers, in the form `media_type` or the first one.

    Where the evidence may be about a company and the person acts for one, it is the company's evidence.
    """
    me = natural_person(person)
    company = person.represents if offer.legal_persons else None
    host = profile.semantic_repository
    return EvidenceRequest(
        id=f"urn:uuid:{uuid.uuid4()}",
        specification_identifier=profile.specification_identifier,
        issue_date_time=now,
        procedure=(Text(offer.procedure, None if profile.plain_procedure else "EN"),),
        possibility_for_preview=preview_possible,
        explicit_request_given=explicit_request,
        requirements=(
            Requirement(
                Identifier(f"{host}/requirements/{offer.requirement}"), _texts(offer.requirement_names)
            ),
        ),
        evidence_requesters=(REQUESTER,),
        evidence_provider=Agent(
            Identifier(offer.provider_id, offer.provider_scheme), _texts(offer.provider_names)
        ),
        evidence_type=DataServiceEvidenceType(
            identifier=Identifier(offer.data_service),
            evidence_type_classification=f"{host}/evidencetypeclassifications/{offer.classification}",
            titles=_texts(offer.titles),
            descriptions=_texts(offer.descriptions),
            distributed_as=_wanted(offer, profile, media_type),
        ),
        subject=me if company is None else legal_person(company, person.assurance.capitalize()),
        authorized_representative=None if company is None else me,
    )


def second_request(exchange: Exchange, now: datetime) -> EvidenceRequest:
    """The first request again, with an id of its own and the preview location; 2.0: where to return to."""
    return replace(
        exchange.request,
        id=f"urn:uuid:{uuid.uuid4()}",
        issue_date_time=now,
        preview_location=exchange.preview_location,
        return_location=exchange.return_url if exchange.return_in_request else None,
    )


def _wanted(offer: Offer, profile: Profile, media_type: str | None) -> tuple[Distribution, ...]:
    """One form: the one named, or the first with its human-readable companion where the version has these."""
    form = next((f for f in offer.forms if f.media_type == media_type), offer.forms[0])
    companion = media_type is None and profile.packaged and len(offer.forms) > 1
    models = f"{profile.semantic_repository}/{profile.data_model_path}"
    return (
        Distribution(
            form.media_type,
            conforms_to=form.data_model and f"{models}/{form.data_model}",
            associated_documents=(DocumentRole.HUMAN_READABLE_VERSION,) if companion else (),
        ),
    )


def _texts(titles: dict[str, str]) -> tuple[Text, ...]:
    """Titles by lower-case language as EDM texts: the code list has upper-case codes."""
    return tuple(Text(text, lang.upper()) for lang, text in titles.items())
