"""A small evidence request of our own, with the marks that tests replace."""

from lxml import etree

from intermediary import xml

PLANTED = "Zzyzx-Quagmire-4711"
"""A value that occurs nowhere else, so that a finding which quotes it is caught."""

REQUEST = """<?xml version="1.0" encoding="UTF-8"?>
<query:QueryRequest xmlns:query="urn:oasis:names:tc:ebxml-regrep:xsd:query:4.0"
    xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:4.0" xmlns:sdg="http://data.europa.eu/p4s"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    id="urn:uuid:0b8b0f7e-35c8-4e6b-9a5b-6f6f1e6f0001" xml:lang="EN">
  <rim:Slot name="SpecificationIdentifier">
    <rim:SlotValue xsi:type="rim:StringValueType"><rim:Value>oots-edm:v1.0</rim:Value></rim:SlotValue>
  </rim:Slot>
  <rim:Slot name="IssueDateTime">
    <rim:SlotValue xsi:type="rim:DateTimeValueType"><rim:Value>2026-05-31T12:00:00</rim:Value></rim:SlotValue>
  </rim:Slot>
  <rim:Slot name="PossibilityForPreview">
    <rim:SlotValue xsi:type="rim:BooleanValueType"><rim:Value>true</rim:Value></rim:SlotValue>
  </rim:Slot>
  <rim:Slot name="Requirements">
    <rim:SlotValue xsi:type="rim:CollectionValueType">
      <rim:Element xsi:type="rim:AnyValueType">
        <sdg:Requirement>
          <sdg:Identifier>https://sr.example/requirements/1</sdg:Identifier>
          <sdg:Name lang="EN">Proof of birth</sdg:Name>
        </sdg:Requirement>
      </rim:Element>
    </rim:SlotValue>
  </rim:Slot>
  <query:ResponseOption returnType="LeafClassWithRepositoryItem"/>
  <query:Query queryDefinition="DocumentQuery">
    <rim:Slot name="NaturalPerson">
      <rim:SlotValue xsi:type="rim:AnyValueType">
        <sdg:Person>
          <sdg:FamilyName>Sample</sdg:FamilyName>
          <sdg:GivenName>Sal</sdg:GivenName>
          <sdg:DateOfBirth>1999-03-01</sdg:DateOfBirth>
          <sdg:Gender>Female</sdg:Gender>
        </sdg:Person>
      </rim:SlotValue>
    </rim:Slot>
  </query:Query>
</query:QueryRequest>
"""


def request(*changes: tuple[str, str]) -> etree._Element:
    """The request with each (old, new) replaced once; a mark that is missing is a fault of the test."""
    text = REQUEST
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return xml.parse(text.encode())
