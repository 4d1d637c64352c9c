"""People of the platform: one human, one row, whatever tenants they belong to."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from headgate_sdk.database import Database
from headgate_sdk.ids import new_id

from headgate_kernel.identity.logins import fold_login

__all__ = ["NewPerson", "fold_login", "save_people"]


class NewPerson(msgspec.Struct, frozen=True):
    """Somebody to make known.

    Args:
        login: e-mail, phone or user name.
        name: as others see it.
        password_hash: of their first password; None leaves an existing one alone.
        is_operator: runs the platform.
    """

    login: str
    name: str
    password_hash: str | None = None
    is_operator: bool = False


async def save_people(db: Database, people: Sequence[NewPerson], at: datetime) -> dict[str, UUID]:
    """Make people known by login; those who are known already keep their id and name.

    Returns:
        Person ids by folded login.
    """
    wanted = {fold_login(person.login): person for person in people}
    known = {
        row["login"]: row["person_id"]
        for row in await db.fetch(
            "SELECT login, person_id FROM person_login WHERE login = ANY($1)", list(wanted)
        )
    }
    fresh = {login: new_id() for login in wanted if login not in known}
    await db.execute_many(
        "INSERT INTO person (id, name, is_operator, created_at) VALUES ($1, $2, $3, $4)",
        [(fresh[login], wanted[login].name, wanted[login].is_operator, at) for login in fresh],
    )
    await db.execute_many("INSERT INTO person_login (login, person_id) VALUES ($1, $2)", list(fresh.items()))
    ids = known | fresh
    await db.execute_many(
        """
        INSERT INTO person_password (person_id, hash, changed_at) VALUES ($1, $2, $3)
        ON CONFLICT (person_id) DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at
        """,
        [(ids[login], person.password_hash, at) for login, person in wanted.items() if person.password_hash],
    )
    return ids
