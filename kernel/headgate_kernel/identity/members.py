"""Who belongs to a tenant: lists of people, and one of them with what was changed about them."""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import Invalid, NotFound
from headgate_sdk.i18n import N_

from headgate_kernel.identity.invitations import UNACCEPTED

PEOPLE_READ = "headgate.people.read"
PEOPLE_WRITE = "headgate.people.write"
MOST = 200

View = Literal["staff", "customers", "invited", "ended"]
"""Which people a list shows; `invited` have not taken up their invitation yet."""


class Invited(msgspec.Struct, frozen=True):
    """An invitation that has not been taken up.

    Args:
        sent_to: where.
        at: when.
        expires_at: until when it can be taken up.
    """

    sent_to: str
    at: datetime
    expires_at: datetime


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A person's place in a tenant.

    Args:
        id: of the membership.
        person_id: the human.
        login: under which they were made known.
        name: as others here see it.
        kind: `staff` or `customer`.
        state: `active` or `ended`.
        role_ids: of their roles, by name.
        roles: names of their roles.
        permissions: of all their roles together.
        waiting: they were invited and have not come yet, so nothing is open to them.
        invited: their invitation, while they have not come; one that is too old too.
    """

    id: UUID
    person_id: UUID
    login: str
    name: str
    kind: Literal["staff", "customer"]
    state: Literal["active", "ended"]
    role_ids: list[UUID]
    roles: list[str]
    permissions: list[str]
    waiting: bool = False
    invited: Invited | None = None


class MemberPage(msgspec.Struct, frozen=True):
    """A page of members; `next` is the cursor of the page after it, None at the end."""

    items: list[Member]
    next: str | None
    total: int


class Change(msgspec.Struct, frozen=True):
    """Something that was done about a person.

    Args:
        at: when.
        by: who did it.
        action: what, e.g. `member.end`.
        details: before and after.
    """

    at: datetime
    by: str
    action: str
    details: Mapping[str, Any]


async def list_members(
    ctx: Context,
    *,
    view: View | None = None,
    role_id: UUID | None = None,
    query: str = "",
    after: str | None = None,
    limit: int = 50,
) -> MemberPage:
    """Give a page of people by name.

    Args:
        ctx: needs `headgate.people.read`.
        view: which of them; None is everybody whose access has not ended.
        role_id: only those with this role.
        query: part of the name or login.
        after: `next` of the page before.
        limit: rows of the page, at most 200.

    Raises:
        Invalid: the cursor is none.
    """
    ctx.require(PEOPLE_READ)
    size = max(1, min(limit, MOST))
    name, last = _read_cursor(after) if after else (None, None)
    values = (ctx.tenant.id, view, role_id, query.strip())
    rows = await ctx.db.fetch(
        f"""
        WITH page AS (
            SELECT m.* FROM membership m
            WHERE {_WANTED} AND ($5::text IS NULL OR (m.name, m.id) > ($5, $6::uuid))
            ORDER BY m.name, m.id LIMIT $7)
        SELECT {_COLUMNS} FROM page m {_JOINS} {_GROUP} ORDER BY m.name, m.id
        """,  # noqa: S608
        *values, name, last, size + 1,
    )  # fmt: skip
    items = [_member(row) for row in rows]
    total = await ctx.db.fetch_value(f"SELECT count(*) FROM membership m WHERE {_WANTED}", *values)  # noqa: S608
    following = _cursor(items[size - 1]) if len(items) > size else None
    return MemberPage(items[:size], following, total)


async def count_members(ctx: Context) -> dict[str, int]:
    """Give how many people each view has."""
    ctx.require(PEOPLE_READ)
    row = await ctx.db.fetch_row(
        f"""
        SELECT count(*) FILTER (WHERE state = 'active' AND kind = 'staff') AS staff,
               count(*) FILTER (WHERE state = 'active' AND kind = 'customer') AS customers,
               count(*) FILTER (WHERE state = 'active' AND {UNACCEPTED}) AS invited,
               count(*) FILTER (WHERE state = 'ended') AS ended
        FROM membership m WHERE m.tenant_id = $1
        """,  # noqa: S608
        ctx.tenant.id,
    )
    assert row is not None
    return {view: row[view] for view in ("staff", "customers", "invited", "ended")}


async def get_member(ctx: Context, member_id: UUID) -> Member:
    """Give one person, whether their access has ended or not.

    Raises:
        NotFound: nobody here has this id.
    """
    ctx.require(PEOPLE_READ)
    return await read_member(ctx, member_id)


async def read_member(ctx: Context, member_id: UUID) -> Member:
    """Give one person to code that has checked who asks.

    Raises:
        NotFound: nobody here has this id.
    """
    row = await ctx.db.fetch_row(
        f"SELECT {_COLUMNS} FROM membership m {_JOINS} WHERE m.tenant_id = $1 AND m.id = $2 {_GROUP}",  # noqa: S608
        ctx.tenant.id, member_id,
    )  # fmt: skip
    if row is None:
        raise NotFound(N_("There is no such person here."))
    return _member(row)


async def member_history(ctx: Context, member_id: UUID, *, limit: int = 30) -> list[Change]:
    """Give what was last done about a person, newest first."""
    ctx.require(PEOPLE_READ)
    rows = await ctx.db.fetch(
        """
        SELECT at, actor_name, action, details FROM audit_entry
        WHERE tenant_id = $1 AND subject = $2 AND action LIKE 'member.%' ORDER BY id DESC LIMIT $3
        """,
        ctx.tenant.id, str(member_id), limit,
    )  # fmt: skip
    return [
        Change(row["at"], row["actor_name"], row["action"], msgspec.json.decode(row["details"]))
        for row in rows
    ]


def _member(row: Any) -> Member:
    invited = None
    if row["waiting"] and row["sent_to"] is not None:
        invited = Invited(row["sent_to"], row["sent_at"], row["expires_at"])
    return Member(
        id=row["id"], person_id=row["person_id"], login=row["login"], name=row["name"], kind=row["kind"],
        state=row["state"], role_ids=row["role_ids"], roles=row["roles"],
        permissions=sorted(set(" ".join(row["permissions"]).split())), waiting=row["waiting"],
        invited=invited,
    )  # fmt: skip


def _cursor(member: Member) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode((member.name, member.id))).decode()


def _read_cursor(text: str) -> tuple[str, UUID]:
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(text), type=tuple[str, UUID])
    except (binascii.Error, msgspec.DecodeError, ValueError):
        raise Invalid(
            N_("This is not a place in the list. Start from the first page."), field="after"
        ) from None


_WANTED = f"""
m.tenant_id = $1
AND CASE $2::text WHEN 'staff' THEN m.state = 'active' AND m.kind = 'staff'
                  WHEN 'customers' THEN m.state = 'active' AND m.kind = 'customer'
                  WHEN 'invited' THEN m.state = 'active' AND {UNACCEPTED}
                  WHEN 'ended' THEN m.state = 'ended'
                  ELSE m.state = 'active' END
AND ($3::uuid IS NULL OR EXISTS (SELECT FROM membership_role h
     WHERE h.tenant_id = $1 AND h.membership_id = m.id AND h.role_id = $3))
AND ($4 = '' OR strpos(lower(m.name), lower($4)) > 0 OR strpos(m.login, lower($4)) > 0)
"""
_COLUMNS = f"""
m.id, m.person_id, m.login, m.name, m.kind, m.state,
coalesce(array_agg(r.id ORDER BY r.name, r.id) FILTER (WHERE r.id IS NOT NULL), '{{}}') AS role_ids,
coalesce(array_agg(r.name ORDER BY r.name, r.id) FILTER (WHERE r.id IS NOT NULL), '{{}}') AS roles,
coalesce(array_agg(array_to_string(r.permissions, ' ')) FILTER (WHERE r.id IS NOT NULL), '{{}}')
    AS permissions,
{UNACCEPTED} AS waiting, w.sent_to, w.sent_at, w.expires_at
"""
_JOINS = """
LEFT JOIN membership_role mr ON mr.tenant_id = $1 AND mr.membership_id = m.id
LEFT JOIN role r ON r.tenant_id = $1 AND r.id = mr.role_id
LEFT JOIN LATERAL (
    SELECT i.sent_to, i.created_at AS sent_at, i.expires_at FROM invitation i
    WHERE i.tenant_id = $1 AND i.membership_id = m.id AND i.accepted_at IS NULL AND i.revoked_at IS NULL
    ORDER BY i.created_at DESC LIMIT 1) w ON true
"""
_GROUP = """
GROUP BY m.tenant_id, m.id, m.person_id, m.login, m.name, m.kind, m.state, w.sent_to, w.sent_at, w.expires_at
"""
