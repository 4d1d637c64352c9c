"""The console: the identity provider through which operators sign in."""

from typing import Annotated, Any
from uuid import UUID

from headgate_sdk.errors import HeadgateError, InvalidFields
from headgate_sdk.web import see_other
from litestar import MediaType, Response, get, post
from litestar.params import Body

from headgate_kernel.identity.oidc.check import Finding, check_connection
from headgate_kernel.identity.oidc.operators import (
    list_operator_links,
    read_operator_sso,
    save_operator_sso,
    stored_operator_client,
    unlink_operator,
)
from headgate_kernel.identity.oidc.settings import client_to_try
from headgate_kernel.web.pages.console.frame import OPERATOR, console_page
from headgate_kernel.web.pages.oidc import callback_of
from headgate_kernel.web.pages.sso_settings import ProviderForm
from headgate_kernel.web.pages.visit import FORM, AnyRequest, Visit, visit_of

PATH = "/console/sso"
_OPTIONS = OPERATOR | {"recent": True}


@get(PATH, opt=_OPTIONS, media_type=MediaType.HTML, include_in_schema=False)
async def settings(request: AnyRequest, done: str = "") -> Response[Any]:
    """Show what is decided."""
    return await _show(visit_of(request), done=done)


@post(PATH, opt=_OPTIONS, media_type=MediaType.HTML, status_code=200, include_in_schema=False)
async def save(request: AnyRequest, data: Annotated[ProviderForm, Body(media_type=FORM)]) -> Response[Any]:
    """Keep what is decided."""
    visit = visit_of(request)
    try:
        await save_operator_sso(visit.kernel, visit.session.actor, data.read())
    except HeadgateError as error:
        return await _show(visit, error, form=data)
    return see_other(f"{PATH}?done=saved")


@post(f"{PATH}/test", opt=_OPTIONS, media_type=MediaType.HTML, status_code=200, include_in_schema=False)
async def test(request: AnyRequest, data: Annotated[ProviderForm, Body(media_type=FORM)]) -> Response[Any]:
    """Try what is typed, without keeping it."""
    visit = visit_of(request)
    async with visit.kernel.databases.platform_scope() as db:
        stored = await stored_operator_client(visit.kernel, db)
    try:
        client = client_to_try(data.read(), stored)
    except HeadgateError as error:
        return await _show(visit, error, form=data)
    findings = await check_connection(visit.kernel.identity_providers, client, callback_of(visit))
    return await _show(visit, form=data, findings=findings)


@post(
    f"{PATH}/links/{{link_id:uuid}}/remove", opt=_OPTIONS, media_type=MediaType.HTML, status_code=200,
    include_in_schema=False,
)  # fmt: skip
async def unlink(request: AnyRequest, link_id: UUID) -> Response[Any]:
    """Forget who an operator is at the provider."""
    visit = visit_of(request)
    await unlink_operator(visit.kernel, visit.session.actor, link_id)
    return see_other(f"{PATH}?done=unlinked")


async def _show(
    visit: Visit,
    error: HeadgateError | None = None,
    *,
    form: ProviderForm | None = None,
    findings: list[Finding] | None = None,
    done: str = "",
) -> Response[Any]:
    async with visit.kernel.databases.platform_scope() as db:
        kept = await read_operator_sso(db)
        links = await list_operator_links(db)
    if form is None:
        sso = "offered" if kept.enabled else "off"
        form = ProviderForm(sso, kept.name, kept.issuer, kept.client_id)
    problems = error.problems if isinstance(error, InvalidFields) else (error,) if error else ()
    errors = {problem.field: visit.words(problem) for problem in reversed(tuple(problems))}
    return console_page(
        visit.request, "console/sso.html", status_code=error.status if error else 200, form=form, kept=kept,
        links=links, findings=findings, done=done, errors=errors, refused=" ".join(errors.values()),
        callback=callback_of(visit), path=PATH,
    )  # fmt: skip


HANDLERS = (settings, save, test, unlink)
