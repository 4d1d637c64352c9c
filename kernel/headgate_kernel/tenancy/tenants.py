"""Make a tenant and give it an address."""

import re
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from headgate_sdk.blueprint import Profile
from headgate_sdk.database import Database
from headgate_sdk.errors import Conflict, Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.ids import TenantId

from headgate_kernel.i18n import LOCALES
from headgate_kernel.tenancy.directory import touch

SLUG = re.compile(r"[a-z][a-z0-9-]{0,38}[a-z0-9]")
HOST = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
RESERVED = frozenset({"console", "www", "api", "static", "admin"})


async def save_tenant(db: Database, profile: Profile, *, domain: str, at: datetime) -> TenantId:
    """Make a tenant, or change the one with this short name, and give it its host.

    Args:
        db: a platform scope.
        profile: who the distributor is.
        domain: of the installation.
        at: now.

    Raises:
        Invalid: a field of the profile cannot be used; names it.
        Conflict: the host belongs to another tenant.
    """
    check_profile(profile)
    tenant_id = TenantId(
        await db.fetch_value(
            """
            INSERT INTO tenant (slug, name, currency, timezone, locale, brand_colour, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (slug) DO UPDATE SET name = excluded.name, timezone = excluded.timezone,
                locale = excluded.locale, brand_colour = excluded.brand_colour
            RETURNING id
            """,
            profile.slug, profile.name, profile.currency, profile.timezone, profile.locale,
            profile.brand_colour, at,
        )
    )  # fmt: skip
    host = f"{profile.host or profile.slug}.{domain}".lower()
    owner = await db.fetch_value(
        """
        INSERT INTO tenant_host (host, tenant_id) VALUES ($1, $2)
        ON CONFLICT (host) DO UPDATE SET host = excluded.host RETURNING tenant_id
        """,
        host, tenant_id,
    )  # fmt: skip
    if owner != tenant_id:
        raise Conflict(
            N_("The address {host} belongs to another distributor."), field="profile.host", host=host
        )
    await touch(db, tenant_id)
    return tenant_id


def check_profile(profile: Profile) -> None:
    """Check what the database would only refuse without words.

    Raises:
        Invalid: the first field that cannot be used.
    """
    for problem in profile_problems(profile):
        raise problem


def profile_problems(profile: Profile) -> Iterator[Invalid]:
    """Give everything in a profile that cannot be used; each names its field."""
    if not SLUG.fullmatch(profile.slug):
        yield Invalid(
            N_("'{slug}' cannot be a short name: use 2 to 40 small letters, digits and hyphens."),
            field="profile.slug", slug=profile.slug,
        )  # fmt: skip
    if not COLOUR.fullmatch(profile.brand_colour):
        yield Invalid(N_("'{colour}' is not a colour like #0b6e4f."), field="profile.brand_colour",
                      colour=profile.brand_colour)  # fmt: skip
    if not re.fullmatch(r"[A-Z]{3}", profile.currency):
        yield Invalid(N_("'{currency}' is not a currency code like CNY."), field="profile.currency",
                      currency=profile.currency)  # fmt: skip
    try:
        ZoneInfo(profile.timezone)
    except (KeyError, ValueError, OSError):
        yield Invalid(N_("'{timezone}' is not a time zone like Asia/Shanghai."), field="profile.timezone",
                      timezone=profile.timezone)  # fmt: skip
    if profile.locale not in LOCALES:
        yield Invalid(
            N_("'{locale}' is not a language of Headgate. Choose one of: {known}."),
            field="profile.locale", locale=profile.locale, known=", ".join(LOCALES),
        )  # fmt: skip
    if profile.host and not HOST.fullmatch(profile.host):
        yield Invalid(N_("'{host}' cannot be a host name: use small letters, digits and hyphens."),
                      field="profile.host", host=profile.host)  # fmt: skip
    if (profile.host or profile.slug) in RESERVED:
        yield Invalid(N_("The address '{host}' is reserved for Headgate."), field="profile.host",
                      host=profile.host or profile.slug)  # fmt: skip
