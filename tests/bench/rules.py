"""A full check of an evidence request (parse, schema, all rules) beside the official rules run by SaxonC.

Three sides: ours; the official rules compiled once and warm (with their parse); a fresh run, which compiles
the stylesheets first, as a validator started for one message does. The message is one of ours, filled up to
13 KB with requirements, the size of the larger requests of the Projectathons.
"""

import copy
import time

from lxml import etree

from intermediary import xml
from intermediary.shipped import shipped
from intermediary.validation import Validator
from intermediary.validation.releases import compile_schematron
from intermediary.validation.rules import edm_rules
from tests.bench.clock import cpu_seconds
from tests.oracles import OOTS, fired
from tests.validation.rules.sources import RELEASE, own

_SIZE = 13_000
_RIM = "{urn:oasis:names:tc:ebxml-regrep:xsd:rim:4.0}"


def measure() -> dict[str, float]:
    """CPU milliseconds of a full check, and how many times the official rules take (nothing without them)."""
    if not OOTS.is_dir():
        return {}
    message = request_of(_SIZE)
    validator = Validator(shipped("xsd"), [edm_rules(RELEASE)])
    root = xml.parse(message)
    ours, rules, warm = cpu_seconds(
        lambda: validator.check(xml.parse(message), RELEASE),
        lambda: edm_rules(RELEASE).failures(root, "EDM-REQ"),
        lambda: fired("EDM-REQ", root),
    )
    return {
        "full_check_ms": ours * 1e3,
        "rules_only_ms": rules * 1e3,
        "full_check_saxon_warm_times": warm / ours,
        "full_check_saxon_fresh_times": _fresh(message) / ours,
    }


def request_of(size: int) -> bytes:
    """A valid request of about that many bytes: our own with its requirement repeated."""
    root = own()[1]
    value = root.find(f"{_RIM}Slot[@name='Requirements']/{_RIM}SlotValue")
    assert value is not None
    first = value[0]
    while len(etree.tostring(root)) < size:
        value.append(copy.deepcopy(first))
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _fresh(message: bytes) -> float:
    """CPU seconds of one run of the two official files, compilation included; the best of three."""
    from saxonche import PySaxonProcessor

    processor = PySaxonProcessor(license=False)
    best = float("inf")
    for _ in range(3):
        begin = time.process_time()
        for part in "SC":
            name = f"EDM-REQ-{part}"
            schema = etree.parse(OOTS / "1.0" / "sch" / f"{name}.sch").getroot()
            compiled = compile_schematron(schema, name)
            executable = processor.new_xslt30_processor().compile_stylesheet(stylesheet_text=compiled.sheet)
            executable.transform_to_string(xdm_node=processor.parse_xml(xml_text=message.decode()))
        best = min(best, time.process_time() - begin)
    return best


if __name__ == "__main__":
    print(measure())  # noqa: T201 - a bench speaks on its standard output
