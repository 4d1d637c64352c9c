"""People of a tenant as the other ways to sign in know them."""

from uuid import UUID

import msgspec
import pytest
from headgate_sdk.context import Actor


class Somebody(msgspec.Struct, frozen=True):
    """A person of a tenant: their ids, and themselves as an actor."""

    person_id: UUID
    membership_id: UUID
    actor: Actor


@pytest.fixture
def somebody(kernel):
    """Give a person of a tenant by the key of their role."""

    async def find(tenant, role: str) -> Somebody:
        async with kernel.databases.platform_scope() as db:
            row = await db.fetch_row(
                "SELECT id, person_id, name, kind FROM membership WHERE tenant_id = $1 AND login = $2",
                tenant.info.id, f"{role}@{tenant.info.slug}.example",
            )  # fmt: skip
        actor = Actor(row["kind"], row["name"], membership_id=row["id"], person_id=row["person_id"])
        return Somebody(row["person_id"], row["id"], actor)

    return find


@pytest.fixture
def audited(kernel):
    """Give what a tenant's audit log says about an action: subjects and details."""

    async def read(tenant, action: str) -> list[tuple[str, dict]]:
        async with kernel.databases.platform_scope() as db:
            rows = await db.fetch(
                "SELECT subject, details FROM audit_entry WHERE tenant_id = $1 AND action = $2 ORDER BY id",
                tenant.info.id, action,
            )  # fmt: skip
        return [(row["subject"], msgspec.json.decode(row["details"])) for row in rows]

    return read
