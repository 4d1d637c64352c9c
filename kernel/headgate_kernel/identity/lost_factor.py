"""For who has lost phone and recovery codes: an operator who knows who they are takes the factor away.

Nobody at a distributor can: the account opens other distributors too.
"""

from typing import TYPE_CHECKING
from uuid import UUID

from headgate_sdk.context import Actor
from headgate_sdk.errors import Invalid, NotFound
from headgate_sdk.i18n import N_

from headgate_kernel.audit import append_platform_entry
from headgate_kernel.identity.devices import forget_devices
from headgate_kernel.identity.logins import fold_login
from headgate_kernel.identity.notices import notify_person
from headgate_kernel.identity.recovery_codes import save_codes
from headgate_kernel.identity.totp import remove_totp

if TYPE_CHECKING:
    from headgate_kernel.database.unit_of_work import UnitOfWork
    from headgate_kernel.runtime import Kernel


async def forget_second_factor(
    kernel: "Kernel", db: "UnitOfWork", login: str, *, reason: str, actor: Actor
) -> None:
    """Take a person's authenticator app, recovery codes and passkeys away, and sign them out everywhere.

    The password stays; where their role needs a second factor they are led to set one up.

    Args:
        kernel: of the process.
        db: a platform scope.
        login: of the person.
        reason: for the log, such as how they showed who they are.
        actor: who does it.

    Raises:
        NotFound: nobody has the login.
        Invalid: no reason, or there is nothing to take away.
    """
    if not reason.strip():
        raise Invalid(N_("Say why: it stands in the log."), field="reason")
    folded, now = fold_login(login), kernel.clock.now()
    person_id: UUID | None = await db.fetch_value(
        "SELECT person_id FROM person_login WHERE login = $1", folded
    )
    if person_id is None:
        raise NotFound(N_("Nobody signs in with {login}."), field="login", login=folded)
    had_app = await remove_totp(db, person_id)
    passkeys = await db.fetch("DELETE FROM person_passkey WHERE person_id = $1 RETURNING id", person_id)
    if not had_app and not passkeys:
        raise Invalid(N_("{login} has no second factor."), field="login", login=folded)
    await save_codes(db, person_id, b"", [])
    await kernel.sessions.end_all(db, person_id)
    await forget_devices(db, person_id)
    await append_platform_entry(
        db, actor=actor, action="second_factor.forget", subject=folded, now=now,
        details={"reason": reason.strip(), "app": had_app, "passkeys": len(passkeys)},
    )  # fmt: skip
    await notify_person(db, person_id, "second_factor_forgotten", {}, tenant_id=None, now=now)
