"""THE proof: a new evidence type is one new file. No code is touched, and it goes there and back."""

import shutil
from datetime import date
from pathlib import Path

from intermediary import translation
from intermediary.mapping import load
from intermediary.shipped import shipped
from tests.translation.talk import Ids, answer_to, ask, request_for

FISHING_LICENCE = """
evidence_type_classifications:
  - https://sr.oots.tech.ec.europa.eu/evidencetypeclassifications/DE/7d1c1f6e-5a55-4a3a-9d41-0f2a7c3b9e05
requirements: [https://sr.oots.tech.ec.europa.eu/requirements/2a0c6a5e-1f0d-4f6c-9a37-6a5fd5b7a005]
procedures: [V1]
national_id: urn:de:nachweistyp:fischereischein
national_version: "2.1"
national_service: urn:de:leistung:fischereischein
titles: {en: Fishing licence, de: Fischereischein, no: Fiskekort}
descriptions: {en: Licence to fish in inland waters, de: Erlaubnis zum Angeln}
jurisdiction_level: lau
routing:
  by: gewaesser
  table: {elbe: gewerbeamt}
  provider: handelsregister
subjects: [natural]
identification:
  - fields: [family_name, given_name, date_of_birth]
    optional: [place_of_birth]
additional_inputs:
  - key: gewaesser
    titles: {en: Water, de: Gewässer}
    choices:
      elbe: {en: Elbe, de: Elbe}
      rhein: {en: Rhine, de: Rhein}
formats:
  - media_type: application/pdf
    national_media_type: application/xml
    conversion: xml-to-pdf
level_of_assurance: Low
legal_basis: § 1 LFischG
"""


def test_a_new_evidence_type_is_one_new_file(tmp_path: Path) -> None:
    folder = shutil.copytree(shipped("mappings"), tmp_path / "mappings")
    (folder / "evidence" / "fischereischein.yaml").write_text(FISHING_LICENCE)
    mappings = load(folder)
    mapping = mappings.find(
        "https://sr.oots.tech.ec.europa.eu/evidencetypeclassifications/DE/7d1c1f6e-5a55-4a3a-9d41-0f2a7c3b9e05",
        date(2026, 11, 24),
    )
    assert mapping is not None
    request = request_for(mapping)
    assert [i.key for i in translation.missing_inputs(request, mapping, {})] == ["gewaesser"]
    assert translation.input_problems(mapping, {"gewaesser": "elbe"}) == ()

    asked = ask(request, mapping, mappings, {"gewaesser": "elbe"})
    assert asked.provider_key == "gewerbeamt"
    assert asked.request.evidence_type.id == "urn:de:nachweistyp:fischereischein"
    assert asked.request.evidence_type.title == "Fischereischein"
    assert asked.request.additional == (("gewaesser", "elbe"),)

    evidence = translation.to_edm(answer_to(asked), request, mapping, mappings, new_id=Ids())
    (document,) = evidence.packages[0].documents
    assert document.title == "Fishing licence"
    assert document.metadata is not None
    assert document.metadata.evidence_type_classification == mapping.evidence_type_classifications[0]
    assert evidence.attachments[0].content.startswith(b"%PDF")
