"""What a plan gives: which plugins, how much of each meter, how many requests."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Amount = Annotated[int, Meta(ge=1, le=2**53 - 1)]
PluginId = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]*$")]

CRITICAL_SHARE = 0.2
"""Of a plan's requests, kept for what must not wait behind anything else: placing an order."""


class PlanName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What people call the plan, by language."""

    en: Annotated[str, Meta(min_length=1, max_length=40)]
    zh_CN: Annotated[str, Meta(min_length=1, max_length=40)]  # noqa: N815 (named like the language)


class MeterLimit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much of one meter; a limit that is left out does not exist."""

    soft: Annotated[
        Amount | None, Meta(description="Included; both sides are warned near it and when it is used up.")
    ] = None
    hard: Annotated[Amount | None, Meta(description="Never exceeded: what would, is refused.")] = None

    @property
    def included(self) -> int | None:
        """What people are told that they have; None without any limit."""
        return self.hard if self.soft is None else self.soft


class RequestLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Requests of all people and programs of a tenant together, pages and API alike."""

    per_second: Annotated[Amount, Meta(description="Requests a second, on average.")]
    burst: Annotated[Amount, Meta(description="Requests that may come at once after a pause.")]
    at_once: Annotated[Amount, Meta(description="Requests under way at the same moment.")]


class MeterLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """By meter."""

    orders: Annotated[MeterLimit, Meta(description="Orders a month.")] = MeterLimit()
    members: Annotated[MeterLimit, Meta(description="Staff and buyers who may sign in.")] = MeterLimit()
    storage_bytes: Annotated[MeterLimit, Meta(description="Bytes of pictures and files.")] = MeterLimit()
    api_requests: Annotated[MeterLimit, Meta(description="Requests of the JSON API a month.")] = MeterLimit()


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a tenant has agreed with the operator."""

    key: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,38}$", description="Never changes.")]
    name: PlanName
    plugins: Annotated[
        Literal["*"] | tuple[PluginId, ...], Meta(description='Ids of plugins that it allows; "*" is all.')
    ]
    requests: Annotated[RequestLimits | None, Meta(description="Left out, requests are not limited.")] = None
    limits: MeterLimits = MeterLimits()

    def allows(self, plugin_id: str) -> bool:
        """Tell whether the plugin is part of the plan."""
        return self.plugins == "*" or plugin_id in self.plugins

    def limit(self, meter: str) -> MeterLimit:
        """Give the limits of a meter."""
        found: MeterLimit = getattr(self.limits, meter)
        return found

    def title(self, locale: str) -> str:
        """Give the plan's name in a language."""
        return self.name.zh_CN if locale.startswith("zh") else self.name.en


UNLIMITED = Plan("", PlanName("No plan", "无套餐"), "*")
"""Of tenants of an installation that has no plans."""

_DECODER = msgspec.json.Decoder(Plan)


def decode_plan(terms: str | None) -> Plan:
    """Give a plan from its column; `UNLIMITED` where there is none."""
    return _DECODER.decode(terms) if terms is not None else UNLIMITED


def encode_plan(plan: Plan) -> str:
    """Give a plan as its column keeps it."""
    return msgspec.json.encode(plan).decode()
