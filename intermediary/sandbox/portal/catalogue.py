"""What the Evidence Broker and the Data Service Directory would tell the portal: a small data file instead.

`catalogue.yaml` beside this module; identifiers without host, which depends on the version asked in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import yaml
from pydantic import ConfigDict, TypeAdapter


@dataclass(frozen=True, slots=True)
class Form:
    """A form in which the evidence is given; `data_model` is the path below the repository's data models."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    media_type: str
    data_model: str | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """One evidence type that a provider offers: who, for which requirement and procedure, in which forms."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    key: str
    procedure: str
    requirement: str
    """UUID of the requirement."""
    requirement_names: dict[str, str]
    classification: str
    """Evidence type classification: country and UUID, `DE/…`."""
    data_service: str
    """UUID of the data service evidence type."""
    titles: dict[str, str]
    descriptions: dict[str, str]
    provider_scheme: str
    provider_id: str
    provider_names: dict[str, str]
    forms: tuple[Form, ...]
    legal_persons: bool = False
    """True where the evidence may be about a company."""


def load_catalogue() -> Mapping[str, Offer]:
    """The offers by key, in the order of the file. Raises pydantic.ValidationError."""
    read = yaml.safe_load(Path(__file__).with_name("catalogue.yaml").read_text("utf-8"))
    offers = TypeAdapter(tuple[Offer, ...]).validate_python(read)
    return MappingProxyType({offer.key: offer for offer in offers})
