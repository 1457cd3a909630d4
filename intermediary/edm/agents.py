"""sdg:Agent and sdg:Address."""

from intermediary.edm.elements import Struct, identifier, multilingual, text, value
from intermediary.edm.model import Address, Agent

ADDRESS = Struct(
    Address,
    text("full_address", "FullAddress"),
    text("locator_designator", "LocatorDesignator"),
    text("post_code", "PostCode"),
    text("post_city_name", "PostCityName"),
    text("thoroughfare", "Thoroughfare"),
    text("admin_unit_level_1", "AdminUnitLevel1"),
    text("admin_unit_level_2", "AdminUnitLevel2"),
    text("admin_unit_level_3", "AdminUnitLevel3"),
)

AGENT = Struct(
    Agent,
    identifier("identifier", "Identifier", required=True),
    multilingual("names", "Name"),
    value("address", "Address", ADDRESS),
    text("classification", "Classification"),
    then=("Address>Jurisdiction",),
)
