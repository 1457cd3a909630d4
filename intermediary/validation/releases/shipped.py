"""Which schema file speaks for which release; paths are relative to the folder `xsd/`."""

from collections.abc import Mapping
from types import MappingProxyType

RELEASES: Mapping[str, str] = MappingProxyType(
    {
        "oots-edm:v1.0": "oots-edm/1.0/oots-edm.xsd",
        "oots-edm:v1.1": "oots-edm/1.1/oots-edm.xsd",
        "oots-edm:v1.2": "oots-edm/1.2/oots-edm.xsd",
        "oots-edm:v2.0": "oots-edm/2.0/oots-edm.xsd",
        "oots-cs:v1.0": "oots-edm/1.0/oots-edm.xsd",
        "ebms:v3.0": "ebms/3.0/ebms.xsd",
        "xnachweis-profile:1": "xnachweis/1/xnachweis.xsd",
    }
)
"""Release to schema. EDM releases are named as slot SpecificationIdentifier names them (TDD 4.5); the Common
Services, which named none in 1.0, as they do since 2.0 (TDD 3)."""
