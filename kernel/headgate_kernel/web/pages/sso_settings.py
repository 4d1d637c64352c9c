"""Settings: how people sign in beside a password: the identity provider of staff, codes to phones."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError
from headgate_sdk.secrets import Secret
from headgate_sdk.web import action, page, see_other
from litestar import Response
from litestar.params import Body

from headgate_kernel.identity.oidc.check import Finding, check_connection
from headgate_kernel.identity.oidc.settings import SsoForm, client_to_try, save_sso, stored_client
from headgate_kernel.identity.oidc.staff import list_links, unlink_member
from headgate_kernel.identity.permissions import EVERYTHING, SIGN_IN_WRITE
from headgate_kernel.identity.roles import list_roles
from headgate_kernel.identity.sign_in_policy import read_policy, save_phone_policy
from headgate_kernel.runtime import Kernel
from headgate_kernel.web.pages.form_errors import show_again
from headgate_kernel.web.pages.oidc import callback_of
from headgate_kernel.web.pages.visit import FORM, AnyRequest, visit_of

PATH = "/settings/sso"


class ProviderForm(msgspec.Struct):
    """A provider as typed; an empty secret leaves the one that is kept."""

    sso: str = "off"
    name: str = ""
    issuer: str = ""
    client_id: str = ""
    client_secret: str = ""
    public_client: str = ""
    domains: str = ""
    role: str = ""

    def read(self) -> SsoForm:
        """Give what is to be saved or tried."""
        return SsoForm(
            sso=self.sso, name=self.name, issuer=self.issuer, client_id=self.client_id,
            client_secret=Secret(self.client_secret), public_client=self.public_client == "on",
            domains=self.domains, role=self.role,
        )  # fmt: skip


class PhoneForm(msgspec.Struct):
    """Who may sign in with a code to their phone."""

    customers: str = ""
    staff: str = ""


@page(PATH, permission=SIGN_IN_WRITE, recent=True, include_in_schema=False)
async def settings(request: AnyRequest, ctx: Context, kernel: Kernel, done: str = "") -> Response[Any]:
    """Show what is decided."""
    return await _show(request, ctx, kernel, done=done)


@action(PATH, permission=SIGN_IN_WRITE, recent=True, include_in_schema=False)
async def save(
    request: AnyRequest, ctx: Context, kernel: Kernel, data: Annotated[ProviderForm, Body(media_type=FORM)]
) -> Response[Any]:
    """Keep what is decided about the provider."""
    try:
        async with ctx.db.savepoint():
            await save_sso(ctx, data.read())
    except HeadgateError as error:
        return await _show(request, ctx, kernel, error, form=data)
    return see_other(f"{PATH}?done=saved")


@action(f"{PATH}/test", permission=SIGN_IN_WRITE, recent=True, include_in_schema=False)
async def test(
    request: AnyRequest, ctx: Context, kernel: Kernel, data: Annotated[ProviderForm, Body(media_type=FORM)]
) -> Response[Any]:
    """Try what is typed, without keeping it."""
    async with kernel.databases.platform_scope() as db:  # the distributor's own stays closed while we ask
        stored = await stored_client(kernel, db, ctx.tenant.id)
    try:
        client = client_to_try(data.read(), stored)
    except HeadgateError as error:
        return await _show(request, ctx, kernel, error, form=data)
    findings = await check_connection(kernel.identity_providers, client, callback_of(visit_of(request)))
    return await _show(request, ctx, kernel, form=data, findings=findings)


@action(f"{PATH}/phone", permission=SIGN_IN_WRITE, recent=True, include_in_schema=False)
async def save_phone(ctx: Context, data: Annotated[PhoneForm, Body(media_type=FORM)]) -> Response[Any]:
    """Keep who may sign in with a code to their phone."""
    await save_phone_policy(ctx, customers=data.customers == "on", staff=data.staff == "on")
    return see_other(f"{PATH}?done=saved")


@action(
    f"{PATH}/links/{{link_id:uuid}}/remove", permission=SIGN_IN_WRITE, recent=True, include_in_schema=False
)
async def unlink(ctx: Context, link_id: UUID) -> Response[Any]:
    """Forget who somebody is at the provider."""
    await unlink_member(ctx, link_id)
    return see_other(f"{PATH}?done=unlinked")


async def _show(
    request: AnyRequest,
    ctx: Context,
    kernel: Kernel,
    error: HeadgateError | None = None,
    *,
    form: ProviderForm | None = None,
    findings: list[Finding] | None = None,
    done: str = "",
) -> Response[Any]:
    policy = await read_policy(ctx.db, ctx.tenant.id)
    if form is None:
        form = ProviderForm(
            policy.sso, policy.sso_name, policy.issuer, policy.client_id,
            domains=" ".join(policy.provision_domains), role=policy.provision_role,
        )  # fmt: skip
    roles = [role for role in await list_roles(ctx) if EVERYTHING not in role.permissions]
    return await show_again(
        ctx, kernel, "settings/sso.html", error, form=form, policy=policy, findings=findings, done=done,
        roles=[(role.key, role.name) for role in roles], links=await list_links(ctx),
        callback=callback_of(visit_of(request)), path=PATH, is_owner=ctx.allowed(EVERYTHING),
    )  # fmt: skip


HANDLERS = (settings, save, test, save_phone, unlink)
