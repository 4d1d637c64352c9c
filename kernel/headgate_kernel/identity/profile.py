"""What somebody says about themselves: their name and language."""

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from headgate_sdk.errors import Forbidden, Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.ids import TenantId

from headgate_kernel.i18n import LOCALES
from headgate_kernel.identity.sessions import Session
from headgate_kernel.identity.trail import record

if TYPE_CHECKING:
    from headgate_kernel.runtime import Kernel

LONGEST_NAME = 80


class Profile(msgspec.Struct, frozen=True):
    """A person as they see themselves.

    Args:
        name: as others here see it.
        locale: the language they chose; empty where they chose none.
        logins: with which they sign in, and whether each is confirmed.
        has_password: they have one.
    """

    name: str
    locale: str
    logins: tuple[tuple[str, bool], ...]
    has_password: bool


async def get_profile(kernel: "Kernel", session: Session, tenant_id: TenantId | None) -> Profile:
    """Give what somebody may change about themselves."""
    async with kernel.databases.platform_scope() as db:
        row = await db.fetch_row(
            """
            SELECT coalesce(m.name, p.name) AS name, coalesce(m.locale, p.locale, '') AS locale,
                   EXISTS (SELECT FROM person_password w WHERE w.person_id = p.id) AS has_password
            FROM person p LEFT JOIN membership m ON m.tenant_id = $2 AND m.person_id = p.id
            WHERE p.id = $1
            """,
            session.person_id, tenant_id,
        )  # fmt: skip
        logins = await db.fetch(
            "SELECT login, confirmed_at IS NOT NULL AS confirmed FROM person_login "
            "WHERE person_id = $1 ORDER BY login",
            session.person_id,
        )  # fmt: skip
    assert row is not None
    return Profile(
        row["name"],
        row["locale"],
        tuple((one["login"], one["confirmed"]) for one in logins),
        row["has_password"],
    )


async def save_profile(
    kernel: "Kernel", session: Session, tenant_id: TenantId | None, *, name: str, locale: str, address: str
) -> None:
    """Change one's own name and language.

    At a tenant's host the name is changed there: another distributor may know the person by another one.

    Raises:
        Invalid: names the field.
    """
    person_id = _person(session)
    name = check_name(name)
    if locale not in LOCALES:
        raise Invalid(N_("Choose one of the languages."), field="locale")
    before = await get_profile(kernel, session, tenant_id)
    async with kernel.databases.platform_scope() as db:
        await db.execute("UPDATE person SET locale = $2 WHERE id = $1", person_id, locale)
        if tenant_id is None:
            await db.execute("UPDATE person SET name = $2 WHERE id = $1", person_id, name)
        else:
            await db.execute(
                "UPDATE membership SET name = $3, locale = $4 WHERE tenant_id = $1 AND person_id = $2",
                tenant_id, person_id, name, locale,
            )  # fmt: skip
        if before.name != name:
            await record(
                kernel, db, tenant_id, session.actor, "person.rename", name, address=address,
                before=before.name, after=name,
            )  # fmt: skip
        db.after_commit(lambda: kernel.sessions.forget(person_id))


def check_name(text: str) -> str:
    """Give a name without needless spaces.

    Raises:
        Invalid: empty or too long.
    """
    name = " ".join(text.replace("\0", "").split())
    if not name:
        raise Invalid(N_("Please fill this in."), field="name")
    if len(name) > LONGEST_NAME:
        raise Invalid(N_("Too long: {most} characters at most."), field="name", most=LONGEST_NAME)
    return name


def _person(session: Session) -> UUID:
    if session.actor.person_id is None:
        raise Forbidden(N_("Please sign in first."))
    return session.actor.person_id
