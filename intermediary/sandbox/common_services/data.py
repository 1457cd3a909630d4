"""What countries publish, as the double is given it: YAML of `directory.model`; our own from mappings.

In YAML a text is written `{EN: …, DE: …}`, and a party as `{scheme: …, value: …}`.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter

from intermediary import publishing
from intermediary.directory.model import (
    Distribution,
    EvidenceType,
    EvidenceTypeList,
    Jurisdiction,
    PartyId,
    Publication,
    Text,
)
from intermediary.mapping.model import MappingSet

_PUBLICATION: TypeAdapter[Publication] = TypeAdapter(Publication)
DATA = Path(__file__).with_name("countries")


def load_publications(folder: Path = DATA) -> tuple[Publication, ...]:
    """One country a file, in the order of their names. Raises pydantic.ValidationError."""
    files = sorted(folder.glob("*.yaml"))
    return tuple(_PUBLICATION.validate_python(_plain(yaml.safe_load(f.read_text("utf-8")))) for f in files)


def own_publication(mappings: MappingSet, day: date, point: PartyId | None = None) -> Publication:
    """Our country, just as its mappings say; `point`: of our access point."""
    return publishing.publication(mappings, day, point)


def with_differences(published: Publication) -> Publication:
    """The same with one of each difference that an operator may meet: see the comments."""
    first, second, third, *rest = published.services
    gone, unknown = second.classification, f"{first.classification[:-12]}999999999999"
    access, *others = third.access_services
    changed = (
        # another title, level of assurance and format
        replace(
            first,
            titles=tuple(replace(text, value=f"{text.value} (old)") for text in first.titles),
            level_of_assurance="Low" if first.level_of_assurance != "Low" else "High",
            distributions=(Distribution("image/png"),),
        ),
        # `second` is missing there; `third` has a provider that is called otherwise, and one more
        replace(
            third,
            access_services=(
                replace(access, provider=replace(access.provider, names=(Text("Somebody else"),))),
                *others,
                replace(
                    access,
                    provider=replace(
                        access.provider, identifier=replace(access.provider.identifier, value="999-00000-00")
                    ),
                ),
            ),
        ),
        *rest,
        # nobody here knows this one
        replace(
            first,
            identifier="0d6c0de7-5d4b-4e0f-9d55-1c4a8a1f0001",
            classification=unknown,
            titles=(Text("Fishing licence"),),
        ),
    )
    requirements = [
        replace(
            requirement,
            evidence_type_lists=tuple(
                held
                for held in requirement.evidence_type_lists
                if all(each.classification != gone for each in held.evidence_types)
            ),
        )
        for requirement in published.requirements
    ]
    fishing = EvidenceTypeList(
        "0d6c0de7-5d4b-4e0f-9d55-1c4a8a1f0002",
        (EvidenceType(unknown, (Text("Fishing licence"),), (), (Jurisdiction(published.country),)),),
    )
    requirements[0] = replace(
        requirements[0], evidence_type_lists=(*requirements[0].evidence_type_lists, fishing)
    )
    return Publication(published.country, tuple(requirements), changed)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        if value and all(isinstance(key, str) and len(key) == 2 and key.isupper() for key in value):
            return [{"language": key, "value": text} for key, text in value.items()]
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def requirements_of(publications: Iterable[Publication]) -> set[str]:
    """Identifiers of all requirements."""
    return {each.identifier for one in publications for each in one.requirements}
