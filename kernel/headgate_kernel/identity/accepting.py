"""Accept an invitation: as somebody new, with a first password, or with the account that one has already."""

from typing import TYPE_CHECKING

from headgate_sdk.context import Actor, ActorKind
from headgate_sdk.errors import Conflict, Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.ids import TenantId

from headgate_kernel.identity.invitations import Invitation, check_open, claim_invitation, find_invitation
from headgate_kernel.identity.opening import Opened, open_session
from headgate_kernel.identity.password_changes import known_words, stored_hash
from headgate_kernel.identity.password_rules import check_new_password
from headgate_kernel.identity.passwords import hash_password, password_matches
from headgate_kernel.identity.profile import check_name
from headgate_kernel.identity.sign_in import count_try, forgive_try
from headgate_kernel.identity.trail import record

if TYPE_CHECKING:
    from headgate_sdk.database import Database

    from headgate_kernel.runtime import Kernel


async def accept_as_new(
    kernel: "Kernel",
    tenant_id: TenantId,
    token: str,
    *,
    name: str,
    password: str,
    address: str,
    user_agent: str,
    device: str | None,
) -> Opened:
    """Let somebody new in: their name, their first password, and a session.

    Args:
        kernel: of the process.
        tenant_id: whose host was asked.
        token: of the link.
        name: as others will see it.
        password: their first.
        address: of the caller.
        user_agent: of the caller.
        device: token by which the browser is known.

    Raises:
        NotFound: there is no such invitation.
        Invalid: it does not let in any more, or name or password cannot be used; says which.
        Conflict: somebody was faster, or the person has an account.
    """
    name = check_name(name)
    async with kernel.databases.platform_scope() as db:
        invitation = await find_invitation(kernel, db, token, tenant_id)
        check_open(invitation)
        _check_new(invitation)
        about = await known_words(db, invitation.person_id, tenant_id)
    await check_new_password(password, [*about, name])
    hashed, now = await hash_password(password), kernel.clock.now()
    async with kernel.databases.platform_scope() as db:
        await claim_invitation(db, invitation, now)
        _check_new(await find_invitation(kernel, db, token, tenant_id))
        first = await db.fetch_value(
            "INSERT INTO person_password (person_id, hash, changed_at) VALUES ($1, $2, $3) "
            "ON CONFLICT (person_id) DO NOTHING RETURNING person_id",
            invitation.person_id, hashed, now,
        )  # fmt: skip
        if first is None:
            raise _has_account(invitation)
        await db.execute("UPDATE person SET name = $2 WHERE id = $1", invitation.person_id, name)
        await db.execute(
            "UPDATE membership SET name = $3 WHERE tenant_id = $1 AND id = $2",
            tenant_id, invitation.membership_id, name,
        )  # fmt: skip
        await _note(kernel, db, invitation, name, address)
    return await open_session(
        kernel, person_id=invitation.person_id, tenant_id=tenant_id, method="invitation", address=address,
        user_agent=user_agent, device=device,
    )  # fmt: skip


async def accept_as_known(
    kernel: "Kernel",
    tenant_id: TenantId,
    token: str,
    *,
    password: str,
    address: str,
    user_agent: str,
    device: str | None,
) -> Opened:
    """Let somebody in who has an account: they prove that it is theirs.

    Args:
        kernel: of the process.
        tenant_id: whose host was asked.
        token: of the link.
        password: of the account.
        address: of the caller.
        user_agent: of the caller.
        device: token by which the browser is known.

    Raises:
        NotFound: there is no such invitation.
        Invalid: it does not let in any more, or the password is wrong.
        TooManyTries: says how long to wait.
        Conflict: somebody was faster.
    """
    now = kernel.clock.now()
    async with kernel.databases.platform_scope() as db:
        invitation = await find_invitation(kernel, db, token, tenant_id)
        check_open(invitation)
        stored = await stored_hash(db, invitation.person_id)
        source = await count_try(
            db, invitation.login, invitation.person_id, address=address, device=device, now=now
        )
    if not await password_matches(stored, password):
        raise Invalid(N_("This is not the password of {login}."), field="password", login=invitation.login)
    async with kernel.databases.platform_scope() as db:
        await forgive_try(db, invitation.login, source, address=address)
        await claim_invitation(db, invitation, now)
        await _note(kernel, db, invitation, invitation.name, address)
    return await open_session(
        kernel, person_id=invitation.person_id, tenant_id=tenant_id, method="password", address=address,
        user_agent=user_agent, device=device,
    )  # fmt: skip


def _check_new(invitation: Invitation) -> None:
    if not invitation.is_new:
        raise _has_account(invitation)


def _has_account(invitation: Invitation) -> Conflict:
    return Conflict(N_("{login} has an account already. Sign in with it to accept."), login=invitation.login)


async def _note(kernel: "Kernel", db: "Database", invitation: Invitation, name: str, address: str) -> None:
    kind: ActorKind = "customer" if invitation.kind == "customer" else "staff"
    actor = Actor(kind, name, membership_id=invitation.membership_id, person_id=invitation.person_id)
    await record(
        kernel, db, invitation.tenant_id, actor, "invitation.accept", invitation.login, address=address,
        invited_by=invitation.invited_by,
    )  # fmt: skip
