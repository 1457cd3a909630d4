"""Strategies for every national message that may be written."""

import string
from datetime import UTC, date

from hypothesis import strategies as st

from intermediary.national.model import (
    Authority,
    Format,
    NationalAddress,
    NationalAnswer,
    NationalEvidence,
    NationalEvidenceType,
    NationalLegalPerson,
    NationalNaturalPerson,
    NationalRequest,
    Outcome,
    Purpose,
    Representation,
)
from intermediary.national.xnachweis import Head

_LETTERS = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff ")
texts = st.lists(st.text(_LETTERS, min_size=1, max_size=8), min_size=1, max_size=3).map(" ".join)
ids = st.text(string.ascii_letters + string.digits + ":/._-", min_size=1, max_size=20)
codes = st.text(string.ascii_letters + string.digits + "._:-", min_size=1, max_size=20)
languages = st.sampled_from(("de", "en", "fr", "sr-Latn"))
days = st.dates(min_value=date(1850, 1, 1))
times = st.datetimes(timezones=st.just(UTC))
contents = st.binary(min_size=1, max_size=60)

authorities = st.builds(Authority, ids, texts, st.none() | ids)
evidence_types = st.builds(NationalEvidenceType, ids, codes, texts)
formats = st.builds(
    Format,
    st.sampled_from(("application/xml", "application/pdf", "image/jpeg", "application/json")),
    st.none() | ids,
    st.none() | languages,
)
addresses = st.builds(NationalAddress, *[st.none() | texts] * 6)
natural_persons = st.builds(
    NationalNaturalPerson,
    family_name=texts,
    given_names=texts,
    date_of_birth=days,
    birth_name=st.none() | texts,
    place_of_birth=st.none() | texts,
    gender=st.none() | st.sampled_from(("m", "w", "d", "x")),
    address=st.none() | addresses,
    national_id=st.none() | ids,
    eidas_id=st.none() | ids,
    eidas_country=st.none() | st.sampled_from(("SE", "FR")),
)
schemes = st.sampled_from(("register", "euid", "lei", "vat", "wid")) | ids
legal_persons = st.builds(
    NationalLegalPerson,
    texts,
    st.lists(st.tuples(schemes, ids), max_size=5).map(tuple),
    st.none() | addresses,
)
persons = natural_persons | legal_persons
requests = st.builds(
    NationalRequest,
    message_id=ids,
    request_id=ids,
    conversation_id=ids,
    issued_at=times,
    sender=authorities,
    recipient=authorities,
    evidence_type=evidence_types,
    purpose=st.builds(Purpose, ids, texts, st.none() | ids),
    level_of_assurance=st.sampled_from(("Low", "Substantial", "High")),
    explicit_request=st.booleans(),
    preview_by_consumer=st.booleans(),
    formats=st.lists(formats, max_size=3).map(tuple),
    subject=persons,
    representative=st.none() | persons,
    additional=st.lists(st.tuples(ids, texts), max_size=3).map(tuple),
    language=st.none() | languages,
)
evidences = st.builds(
    NationalEvidence,
    ids,
    evidence_types,
    authorities,
    days,
    st.lists(st.builds(Representation, formats, contents), min_size=1, max_size=3).map(tuple),
    st.none() | days,
    st.none() | days,
)
answers = st.one_of(
    st.builds(
        NationalAnswer,
        ids,
        st.just(Outcome.DELIVERED),
        st.lists(evidences, min_size=1, max_size=3).map(tuple),
    ),
    st.builds(NationalAnswer, ids, st.sampled_from((Outcome.NOT_FOUND, Outcome.AMBIGUOUS))),
    st.builds(NationalAnswer, ids, st.just(Outcome.LATER), available_at=times),
    st.builds(
        NationalAnswer, ids, st.just(Outcome.REJECTED), code=st.none() | codes, reason=st.none() | texts
    ),
    st.builds(NationalAnswer, ids, st.just(Outcome.FAILED), code=codes, reason=st.none() | texts),
)
heads = st.builds(Head, ids, times, ids, authorities, authorities, ids)
