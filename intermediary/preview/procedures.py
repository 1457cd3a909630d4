"""Titles of the procedures of Annex II of Regulation (EU) 2018/1724, by code of the OOTS procedures list.

Shortened to plain language; the catalogues translate them. `00` is the system check.
"""

from collections.abc import Mapping


def _(message: str) -> str:
    """Mark for extraction; translated when shown."""
    return message


PROCEDURES: Mapping[str, str] = {
    "R1": _("Requesting proof of registration of birth"),
    "S1": _("Requesting proof of residence"),
    "T1": _("Applying for study financing, such as a grant or a loan, from a public body"),
    "T2": _("Applying for admission to a public university or other tertiary education institution"),
    "T3": _("Requesting academic recognition of diplomas, certificates or other proof of studies"),
    "U1": _("Requesting a decision on which country’s social security law applies"),
    "U2": _("Notifying changes of circumstances that matter for social security benefits"),
    "U3": _("Applying for a European Health Insurance Card"),
    "U4": _("Submitting an income tax declaration"),
    "V1": _("Registering a change of address"),
    "V2": _("Registering a motor vehicle that comes from, or is already registered in, an EU country"),
    "V3": _("Obtaining a road use sticker (vignette or toll) from a public body"),
    "V4": _("Obtaining an emission sticker from a public body"),
    "W1": _("Claiming a pension or pre-retirement benefits from a compulsory scheme"),
    "W2": _("Requesting information about your pension from a compulsory scheme"),
    "X1": _("Notifying, changing or ending a business activity, or applying for permission for it"),
    "X2": _("Registering an employer with compulsory pension and insurance schemes"),
    "X3": _("Registering employees with compulsory pension and insurance schemes"),
    "X4": _("Submitting a corporate tax declaration"),
    "X5": _("Notifying social security schemes of the end of an employee’s contract"),
    "X6": _("Paying social contributions for employees"),
    "00": _("Checking the connection between systems"),
}
