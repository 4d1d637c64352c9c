"""Who runs the platform: made known by somebody with a shell on the machine, who hands over a link."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from headgate_sdk.context import Actor
from headgate_sdk.errors import Conflict, NotFound
from headgate_sdk.i18n import N_

from headgate_kernel.audit import append_platform_entry
from headgate_kernel.identity.links import find_sender
from headgate_kernel.identity.logins import check_login
from headgate_kernel.identity.people import NewPerson, save_people
from headgate_kernel.identity.sessions import hash_token, new_token

if TYPE_CHECKING:
    from headgate_kernel.database.unit_of_work import UnitOfWork
    from headgate_kernel.runtime import Kernel

GOOD_FOR = timedelta(days=7)
"""How long the first link of an operator is good, and once."""


class Operator(msgspec.Struct, frozen=True):
    """Somebody who runs the platform.

    Args:
        name: theirs.
        login: the first of theirs.
        since: when they were made known.
        seen_at: when they were at the console last; None for never, or long ago.
    """

    name: str
    login: str
    since: datetime
    seen_at: datetime | None


async def add_operator(kernel: "Kernel", db: "UnitOfWork", login: str, name: str, *, actor: Actor) -> str:
    """Make somebody an operator; one who is already gets another link.

    Args:
        kernel: of the process.
        db: a platform scope.
        login: e-mail address, phone number or user name, of nobody who works for a distributor.
        name: as the logs and the distributors' owners read it.
        actor: who does it.

    Returns:
        The link by which they choose a password, once and within a week.

    Raises:
        Invalid: the login cannot be one.
        Conflict: it belongs to somebody of a distributor.
    """
    folded, now = check_login(login), kernel.clock.now()
    known = await db.fetch_row(_KNOWN, folded)
    if known is not None and known["at_tenant"]:
        raise Conflict(
            N_("{login} belongs to somebody of a distributor. Operators sign in with a login of their own."),
            field="login", login=folded,
        )  # fmt: skip
    if known is None:
        made = await save_people(db, [NewPerson(folded, name, is_operator=True)], now)
        person_id = made[folded]
    else:
        person_id = known["person_id"]
        await db.execute("UPDATE person SET is_operator = true WHERE id = $1", person_id)
    token = new_token()
    await db.execute(
        "INSERT INTO password_reset (token_hash, person_id, tenant_id, login, created_at, expires_at) "
        "VALUES ($1, $2, NULL, $3, $4, $5)",
        hash_token(token), person_id, folded, now, now + GOOD_FOR,
    )  # fmt: skip
    await append_platform_entry(
        db, actor=actor, action="operator.add", subject=folded, details={"name": name}, now=now
    )
    return (await find_sender(kernel, db, None)).link(f"/reset/{token}")


async def remove_operator(kernel: "Kernel", db: "UnitOfWork", login: str, *, actor: Actor) -> None:
    """Let somebody be an operator no longer; their sessions and their help end at once.

    Raises:
        NotFound: there is no such operator.
        Conflict: it is the last one.
    """
    folded = check_login(login)
    person_id: UUID | None = await db.fetch_value(
        "SELECT p.id FROM person_login l JOIN person p ON p.id = l.person_id "
        "WHERE l.login = $1 AND p.is_operator",
        folded,
    )
    if person_id is None:
        raise NotFound(N_("There is no operator called {login}."), field="login", login=folded)
    rows = await db.fetch("SELECT id FROM person WHERE is_operator ORDER BY id FOR UPDATE")
    if len(rows) == 1:
        raise Conflict(N_("This is the only operator. Add another one first."), field="login")
    await db.execute("UPDATE person SET is_operator = false WHERE id = $1", person_id)
    await db.execute("DELETE FROM password_reset WHERE person_id = $1 AND tenant_id IS NULL", person_id)
    await kernel.sessions.end_all(db, person_id)
    await append_platform_entry(
        db, actor=actor, action="operator.remove", subject=folded, details={}, now=kernel.clock.now()
    )


async def list_operators(db: "UnitOfWork") -> list[Operator]:
    """Give all operators by name; a platform scope is needed."""
    return await db.fetch_as(Operator, _LIST)


_KNOWN = """
SELECT l.person_id, EXISTS (SELECT FROM membership m WHERE m.person_id = l.person_id) AS at_tenant
FROM person_login l WHERE l.login = $1
"""

_LIST = """
SELECT p.name, coalesce((SELECT min(l.login) FROM person_login l WHERE l.person_id = p.id), '') AS login,
       p.created_at, (SELECT max(s.seen_at) FROM session s WHERE s.person_id = p.id AND s.tenant_id IS NULL)
FROM person p WHERE p.is_operator ORDER BY p.name, p.id
"""
