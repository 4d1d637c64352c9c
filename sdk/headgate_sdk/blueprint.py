"""What a tenant is set up from: the typed content of `tenants/<name>/tenant.toml`.

The published JSON Schema is made from these types, so their descriptions are written for whoever writes a
blueprint. A plugin has no section of its own: what it lets a distributor choose are its settings
(`Manifest.settings`), which stand in `[settings.<plugin>]`.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

Key = Annotated[
    str, Meta(min_length=1, max_length=80, pattern=r"^\S(.*\S)?$", description="Name inside the blueprint.")
]
Label = Annotated[str, Meta(min_length=1, max_length=80, pattern=r"^\S(.*\S)?$")]
Permission = Annotated[
    str, Meta(pattern=r"^(\*|[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_]*)*(\.\*)?)$", examples=["trade.orders.*"])
]
StepId = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]*\.[a-z][a-z0-9_]*$", examples=["trade.outbound"])]
File = Annotated[str, Meta(description="Path, relative to the blueprint's folder.")]


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who the distributor is."""

    slug: Annotated[
        str,
        Meta(
            pattern=r"^[a-z][a-z0-9-]{0,38}[a-z0-9]$",
            description="Short name, unique on the installation; it never changes, because it finds the "
            "tenant when the blueprint is applied again.",
        ),
    ]
    name: Annotated[
        str, Meta(min_length=1, max_length=80, description="As people call it; shown on every page.")
    ]
    currency: Annotated[
        str, Meta(pattern=r"^[A-Z]{3}$", description="ISO 4217 code of its books; it never changes.")
    ]
    timezone: Annotated[str, Meta(description="IANA name.", examples=["Asia/Shanghai", "Europe/London"])]
    locale: Annotated[
        Literal["zh_CN", "en"], Meta(description="Language of people who have not chosen one.")
    ] = "zh_CN"
    brand_colour: Annotated[
        str,
        Meta(
            pattern=r"^#[0-9a-fA-F]{6}$",
            description="Colour of buttons and links; must be readable against white.",
        ),
    ] = "#0b6e4f"
    host: Annotated[
        str,
        Meta(
            pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*)?$",
            description="First label of its host name, <host>.localhost in development; the slug when left "
            "out.",
        ),
    ] = ""


class Plugins(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is switched on; all other plugins are switched off."""

    enabled: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]*$")], ...],
        Meta(
            description="Ids of plugins; those they require come with them.",
            extra_json_schema={"uniqueItems": True},
        ),
    ]


class RoleEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A role of staff or of buyers."""

    key: Key
    name: Label
    permissions: Annotated[
        tuple[Permission, ...],
        Meta(
            description="Permission ids; `trade.orders.*` stands for all below it, `*` for everything.",
            extra_json_schema={"uniqueItems": True},
        ),
    ]
    second_factor: Annotated[bool, Meta(description="Who has the role needs a second factor.")] = False


class PriceLevel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A customer level with its discount on the base price."""

    key: Key
    name: Label
    discount: Annotated[
        str,
        Meta(
            pattern=r"^[0-9]{1,2}(\.[0-9]{1,6})?$",
            description='Percent off the base price, from "0" to below "100", at most six decimals; a '
            "string, because floats are not exact.",
        ),
    ]


class PriceList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A price list; its prices come from files."""

    key: Key
    name: Label


class CustomerGroup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A customer group with the price list that it uses."""

    key: Key
    name: Label
    price_list: Annotated[str, Meta(description="Key of its price list; none: the base price.")] = ""


class AttributeEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is told of every item of a category, in the order of the blueprint."""

    category: Annotated[str, Meta(min_length=1, max_length=200, description="Name of the category.")]
    key: Annotated[
        str,
        Meta(
            pattern=r"^[a-z][a-z0-9_]{0,39}$",
            description="Names it in files: the column of its values is `attr:<key>`.",
        ),
    ]
    name: Label
    type: Annotated[Literal["number", "text", "choice", "bool"], Meta(description="What its values are.")]
    unit: Annotated[str, Meta(max_length=20, description="Of a number, such as mm.")] = ""
    choices: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=80)], ...],
        Meta(description="What can be chosen, in order.", extra_json_schema={"uniqueItems": True}),
    ] = ()


class PersonEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody to give access: staff, or a customer's buyer (then with the customer's code)."""

    login: Annotated[
        str, Meta(min_length=3, max_length=200, description="E-mail address, phone number or user name.")
    ]
    name: Label
    kind: Annotated[Literal["staff", "customer"], Meta(description="The distributor's staff, or a buyer.")]
    roles: Annotated[
        tuple[Key, ...],
        Meta(min_length=1, description="Keys of roles.", extra_json_schema={"uniqueItems": True}),
    ]
    customer: Annotated[str, Meta(description="Code of the buyer's company.")] = ""


class FlowEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A flow; one that is left out stays as it is, for a new tenant as its plugin has it."""

    steps: Annotated[
        tuple[StepId | tuple[StepId, ...], ...],
        Meta(
            description="Steps that are on, in order; none at all is a legal flow. Steps in a list of their "
            "own go on side by side."
        ),
    ]
    phases: Annotated[
        dict[StepId, str],
        Meta(description="Phases of steps that do not stand in the first one that they may stand in."),
    ] = {}


class Sample(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Files to fill the tenant with."""

    kind: Annotated[
        Literal["files", "retail-history"],
        Meta(
            description="`files`: catalogue, customers and prices as CSV. `retail-history`: invoice lines, "
            "from which the catalogue, customers and prices are drawn."
        ),
    ]
    file: Annotated[File, Meta(description="The history, .csv or .csv.xz.")] = ""
    catalogue: File = ""
    customers: File = ""
    price_lists: File = ""
    customer_prices: File = ""


Settings = Annotated[
    dict[str, dict[str, Any]],
    Meta(description="Settings by plugin; a setting left out of a plugin's table is as it comes."),
]


class Blueprint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a distributor is set up from: the content of tenants/<name>/tenant.toml."""

    profile: Profile
    plugins: Plugins
    roles: Annotated[tuple[RoleEntry, ...], Meta(min_length=1, description="Roles of staff and of buyers.")]
    plan: Annotated[
        str, Meta(description="Name of the plan, one of plans.toml; none leaves the tenant's as it is.")
    ] = ""
    settings: Settings = {}
    flow: Annotated[
        dict[Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]*\.[a-z][a-z0-9_]*$")], FlowEntry],
        Meta(description='Flows by subject type, e.g. "trade.order".'),
    ] = {}
    price_levels: tuple[PriceLevel, ...] = ()
    price_lists: tuple[PriceList, ...] = ()
    customer_groups: tuple[CustomerGroup, ...] = ()
    attributes: tuple[AttributeEntry, ...] = ()
    people: tuple[PersonEntry, ...] = ()
    sample: Sample | None = None


class BlueprintPart(msgspec.Struct, frozen=True, kw_only=True):
    """What a plugin knows of a tenant as it is, for the sections that the plugin keeps.

    Args:
        price_levels: as they are.
        price_lists: as they are.
        customer_groups: as they are.
        attributes: as they are, those of a category in their order.
        customers: codes of the companies that members order for, by membership.
    """

    price_levels: tuple[PriceLevel, ...] = ()
    price_lists: tuple[PriceList, ...] = ()
    customer_groups: tuple[CustomerGroup, ...] = ()
    attributes: tuple[AttributeEntry, ...] = ()
    customers: Mapping[UUID, str] = {}


class FileCount(msgspec.Struct, frozen=True):
    """What a file of the sample did.

    Args:
        name: of the file.
        rows: in it, without the header.
        created: things that are new.
        changed: things that were altered.
        unchanged: things that were as the file says.
    """

    name: str
    rows: int
    created: int = 0
    changed: int = 0
    unchanged: int = 0


class BlueprintProblem(msgspec.Struct, frozen=True):
    """Something wrong in a blueprint.

    Args:
        path: where it stands: keys and numbers, e.g. `("roles", 0, "permissions", 2)`.
        message: English msgid, what is wrong and what to do.
        params: values for the message.
    """

    path: tuple[str | int, ...]
    message: str
    params: dict[str, str] = {}


class BlueprintCheck(msgspec.Struct, frozen=True):
    """What a plugin found in a blueprint before anything is written.

    Args:
        sections: of the blueprint that the plugin keeps, such as `price_levels` and `sample`.
        problems: all of them.
    """

    sections: tuple[str, ...]
    problems: tuple[BlueprintProblem, ...] = ()
