"""Who belongs to a tenant, in which roles."""

from collections.abc import Collection, Sequence
from uuid import UUID

import msgspec
from headgate_sdk.blueprint import PersonEntry, RoleEntry
from headgate_sdk.context import Context
from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.ids import new_id

from headgate_kernel.identity.people import fold_login


class Member(msgspec.Struct, frozen=True):
    """A person's place in a tenant."""

    id: UUID
    login: str
    name: str
    kind: str
    roles: tuple[str, ...]


async def save_roles(ctx: Context, roles: Sequence[RoleEntry]) -> None:
    """Make or change roles by key."""
    await ctx.db.execute_many(
        """
        INSERT INTO role (tenant_id, id, key, name, permissions, second_factor)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (tenant_id, key) DO UPDATE SET name = excluded.name, permissions = excluded.permissions,
            second_factor = excluded.second_factor
        """,
        [
            (ctx.tenant.id, new_id(), role.key, role.name, sorted(role.permissions), role.second_factor)
            for role in roles
        ],
    )


def check_people(people: Sequence[PersonEntry], roles: Collection[str]) -> None:
    """Refuse roles that are not defined.

    Raises:
        Invalid: names the person and the role.
    """
    for person in people:
        for key in person.roles:
            if key not in roles:
                raise Invalid(N_("{login} is given the role {role}, which is not defined."), field="roles",
                              login=person.login, role=key)  # fmt: skip


async def save_members(
    ctx: Context, people: Sequence[PersonEntry], person_ids: dict[str, UUID]
) -> dict[str, UUID]:
    """Make people members of the tenant, in their roles.

    Args:
        ctx: of the tenant.
        people: who.
        person_ids: their ids by folded login.

    Returns:
        Membership ids by folded login.

    Raises:
        Invalid: a role is not known; names the person and the role.
        QuotaExceeded: the plan has no places for so many.
    """
    role_ids = {
        row["key"]: row["id"]
        for row in await ctx.db.fetch("SELECT key, id FROM role WHERE tenant_id = $1", ctx.tenant.id)
    }
    check_people(people, role_ids)
    by_login = {fold_login(person.login): person for person in people}
    persons = {person_ids[login] for login in by_login}
    await ctx.use_quota(
        "members",
        len(persons)
        - await ctx.db.fetch_value(
            "SELECT count(*) FROM membership WHERE tenant_id = $1 AND person_id = ANY($2)",
            ctx.tenant.id, list(persons),
        ),
    )  # fmt: skip
    await ctx.db.execute_many(
        """
        INSERT INTO membership (tenant_id, id, person_id, login, name, kind) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (tenant_id, person_id) DO UPDATE SET name = excluded.name, kind = excluded.kind
        """,
        [
            (ctx.tenant.id, new_id(), person_ids[login], login, person.name, person.kind)
            for login, person in by_login.items()
        ],
    )
    # by the person: somebody with two logins may have become a member under the other one
    by_person = {
        row["person_id"]: row["id"]
        for row in await ctx.db.fetch(
            "SELECT person_id, id FROM membership WHERE tenant_id = $1 AND person_id = ANY($2)",
            ctx.tenant.id, [person_ids[login] for login in by_login],
        )
    }  # fmt: skip
    members: dict[str, UUID] = {login: by_person[person_ids[login]] for login in by_login}
    await ctx.db.execute(
        "DELETE FROM membership_role WHERE tenant_id = $1 AND membership_id = ANY($2)",
        ctx.tenant.id, list(members.values()),
    )  # fmt: skip
    await ctx.db.execute_many(
        """
        INSERT INTO membership_role (tenant_id, membership_id, role_id) VALUES ($1, $2, $3)
        ON CONFLICT (tenant_id, membership_id, role_id) DO NOTHING
        """,
        [
            (ctx.tenant.id, members[login], role_ids[key])
            for login, person in by_login.items()
            for key in dict.fromkeys(person.roles)
        ],
    )
    return members


async def list_members(ctx: Context) -> list[Member]:
    """Give the active members with the names of their roles."""
    rows = await ctx.db.fetch(
        """
        SELECT m.id, m.login, m.name, m.kind,
               coalesce(array_agg(r.name ORDER BY r.name) FILTER (WHERE r.id IS NOT NULL), '{}') AS roles
        FROM membership m
        LEFT JOIN membership_role mr ON mr.tenant_id = $1 AND mr.membership_id = m.id
        LEFT JOIN role r ON r.tenant_id = $1 AND r.id = mr.role_id
        WHERE m.tenant_id = $1 AND m.state = 'active'
        GROUP BY m.id, m.login, m.name, m.kind
        ORDER BY m.kind DESC, m.name
        """,
        ctx.tenant.id,
    )
    return [Member(row["id"], row["login"], row["name"], row["kind"], tuple(row["roles"])) for row in rows]
