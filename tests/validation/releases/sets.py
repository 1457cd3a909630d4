"""A small official-looking set of our own: one schema, two rule files, one code list; and how to pack it."""

# ruff: noqa: E501 - rule files are easier to read unbroken

import zipfile
from pathlib import Path

RIM = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:4.0"
QUERY = "urn:oasis:names:tc:ebxml-regrep:xsd:query:4.0"

SCHEMATRON = """<sch:schema xmlns:sch="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2">
  <sch:ns prefix="query" uri="urn:oasis:names:tc:ebxml-regrep:xsd:query:4.0"/>
  <sch:ns prefix="rim" uri="urn:oasis:names:tc:ebxml-regrep:xsd:rim:4.0"/>
  {}
</sch:schema>"""
RULES = """<sch:pattern><sch:rule context="query:QueryRequest">
    <sch:assert test="@id" id="R-EDM-REQ-X001">The request MUST have an id.</sch:assert>
    <sch:assert test="count(rim:Slot) &lt; 3" id="R-EDM-REQ-X002" role="warning">Not too many slots.</sch:assert>
    <sch:assert test="rim:Slot/rim:SlotValue/rim:Value = 'oots-edm:v9.9'" id="R-EDM-REQ-X003">Version.</sch:assert>
  </sch:rule></sch:pattern>
  <sch:pattern><sch:rule context="rim:Slot[@name='Amount']">
    <sch:assert test="number(rim:SlotValue) and xs:integer(rim:SlotValue) > 1" id="R-EDM-REQ-X004"
      >The amount '<sch:value-of select="rim:SlotValue"/>' MUST be above 1.</sch:assert>
  </sch:rule></sch:pattern>"""
XSD = f"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{QUERY}"
    xmlns:rim="{RIM}" elementFormDefault="qualified">
  <xs:import namespace="{RIM}" schemaLocation="http://docs.example.org/rim.xsd"/>
  <xs:element name="QueryRequest"><xs:complexType><xs:sequence>
    <xs:element ref="rim:Slot" minOccurs="0" maxOccurs="unbounded"/>
  </xs:sequence><xs:attribute name="id"/></xs:complexType></xs:element>
</xs:schema>"""
RIM_XSD = f"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{RIM}"
    elementFormDefault="qualified">
  <xs:element name="Slot"><xs:complexType><xs:sequence>
    <xs:element name="SlotValue"><xs:complexType mixed="true"><xs:sequence>
      <xs:element name="Value" type="xs:string" minOccurs="0"/></xs:sequence></xs:complexType></xs:element>
  </xs:sequence><xs:attribute name="name"/></xs:complexType></xs:element>
</xs:schema>"""
CODES = """<gc:CodeList xmlns:gc="http://docs.oasis-open.org/codelist/ns/genericode/1.0/">
  <Identification><ShortName>Colours</ShortName><Version>1</Version><CanonicalUri>urn:c</CanonicalUri></Identification>
  <ColumnSet><Column Id="code" Use="required"/><Key Id="k"><ColumnRef Ref="code"/></Key></ColumnSet>
  <SimpleCodeList>{}</SimpleCodeList></gc:CodeList>"""


def schematron(patterns: str) -> str:
    """A rule file with these patterns."""
    return SCHEMATRON.format(patterns)


def codes(*values: str) -> str:
    """A code list."""
    row = '<Row><Value ColumnRef="code"><SimpleValue>{}</SimpleValue></Value></Row>'
    return CODES.format("".join(map(row.format, values)))


def files() -> dict[str, str]:
    """The set."""
    rules = schematron(RULES).replace(
        'uri="urn:oasis:names:tc:ebxml-regrep:xsd:rim:4.0"/>',
        f'uri="{RIM}"/><sch:ns prefix="xs" uri="http://www.w3.org/2001/XMLSchema"/>',
    )
    return {
        "OOTS/sch/EDM-REQ-S.sch": rules,
        "OOTS/xsd/query.xsd": XSD,
        "OOTS/xsd/rim.xsd": RIM_XSD,
        "OOTS/codelists/Colours.gc": codes("red", "green"),
    }


def request(*slots: str, version: str = "oots-edm:v9.9", attributes: str = 'id="urn:uuid:1"') -> bytes:
    """A message of that version."""
    named = f'<rim:Slot name="SpecificationIdentifier"><rim:SlotValue><rim:Value>{version}</rim:Value></rim:SlotValue></rim:Slot>'
    body = (
        f'<query:QueryRequest xmlns:query="{QUERY}" xmlns:rim="{RIM}" {attributes}>\n{named}{"".join(slots)}'
    )
    return f"{body}</query:QueryRequest>".encode()


def slot(name: str, value: str) -> str:
    """A slot on a line of its own."""
    return f'\n<rim:Slot name="{name}"><rim:SlotValue>{value}</rim:SlotValue></rim:Slot>'


def folder(path: Path, content: dict[str, str]) -> Path:
    """The set as a folder."""
    for name, text in content.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return path


def zipped(path: Path, content: dict[str, str]) -> Path:
    """The set as a zip file."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in content.items():
            archive.writestr(name, text)
    return path
