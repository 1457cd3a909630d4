"""The one hardened XML parser: every byte of XML from outside comes in through `parse`. Pure.

A room of its own because the pure rooms (edm, as4, national, validation) all need it and none of them
may import another.
"""

from intermediary.xml.parser import (
    MOST,
    Limits,
    XmlMalformed,
    XmlRefused,
    XmlTooLarge,
    XmlWithDoctype,
    parse,
)

__all__ = ["MOST", "Limits", "XmlMalformed", "XmlRefused", "XmlTooLarge", "XmlWithDoctype", "parse"]
