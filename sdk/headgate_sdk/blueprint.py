"""What a tenant is set up from: the typed content of `tenants/<name>/tenant.toml`."""

from typing import Literal

import msgspec


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who the distributor is."""

    slug: str
    name: str
    currency: str
    timezone: str
    locale: str = "zh_CN"
    brand_colour: str = "#0b6e4f"
    host: str = ""


class Plugins(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Plugins that are switched on."""

    enabled: tuple[str, ...]


class RoleEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A role with its permissions; `trade.*` stands for all of a plugin's."""

    key: str
    name: str
    permissions: tuple[str, ...]


class PriceLevel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A customer level with its discount on the base price, in percent."""

    key: str
    name: str
    discount: str


class CustomerGroup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A customer group with the price list that it uses."""

    key: str
    name: str
    price_list: str = ""


class PersonEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody to invite: staff, or a customer's buyer (then with the customer's code)."""

    login: str
    name: str
    kind: Literal["staff", "customer"]
    roles: tuple[str, ...]
    customer: str = ""


class FlowEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Steps of a flow that are switched on, in order."""

    steps: tuple[str, ...]


class Sample(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Files to fill the tenant with, relative to the blueprint's folder."""

    kind: str
    file: str = ""
    catalogue: str = ""
    customers: str = ""
    price_lists: str = ""
    customer_prices: str = ""


class Blueprint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole blueprint."""

    profile: Profile
    plugins: Plugins
    roles: tuple[RoleEntry, ...]
    flow: dict[str, FlowEntry] = {}
    price_levels: tuple[PriceLevel, ...] = ()
    customer_groups: tuple[CustomerGroup, ...] = ()
    people: tuple[PersonEntry, ...] = ()
    sample: Sample | None = None
