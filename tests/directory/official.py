"""The published schemas and rules of submissions as oracles (../shared/common-services)."""

from functools import cache
from typing import Any, cast

from lxml import etree

from tests.directory.samples import COMMON
from tests.validation.rules.common_services import said

_DRIVER = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
<xs:import namespace="http://www.w3.org/XML/1998/namespace" schemaLocation="xml/xml.xsd"/>
<xs:import namespace="http://www.w3.org/1999/xlink" schemaLocation="xml/xlink.xsd"/>
<xs:import namespace="http://www.w3.org/2005/08/addressing" schemaLocation="xml/ws-addr.xsd"/>
<xs:import namespace="urn:oasis:names:tc:ebxml-regrep:xsd:query:4.0" schemaLocation="regrep4/query.xsd"/>
<xs:import namespace="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:4.0" schemaLocation="regrep4/lcm.xsd"/>
<xs:import namespace="http://data.europa.eu/p4s" schemaLocation="sdg/SDG-GenericMetadataProfile-v1.0.0.xsd"/>
</xs:schema>"""


@cache
def schema() -> etree.XMLSchema:
    """RegRep 4 with the SDG profile; remote imports are led to the local files."""
    folder = COMMON / "xsd"

    class Local(etree.Resolver):
        # The stubs do not know lxml's third parameter, without which there is no resolve_filename.
        def resolve(self, url: str, _id: str, context: Any) -> Any:  # type: ignore[override]
            if url.startswith(("http:", "https:")):
                local = str(folder / "regrep4" / url.rsplit("/", 1)[1])
                return self.resolve_filename(local, context)  # type: ignore[attr-defined]
            return None

    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(Local())
    return etree.XMLSchema(etree.fromstring(_DRIVER.encode(), parser, base_url=str(folder / "driver.xsd")))


def problems(kind: str, body: bytes) -> list[str]:
    """Everything official that is said against a message of a kind (EB-SUB, DSD-SUB, EB-EVI, …)."""
    root = etree.fromstring(body)
    checked = schema()
    found = []
    if not checked.validate(root):
        found = [f"XSD {e.line}: {e.message}" for e in cast("list[Any]", checked.error_log)]
    fired, stopped = said(kind, root)
    return [*found, *sorted(rule for rule, role in fired if role != "info"), *sorted(stopped)]
