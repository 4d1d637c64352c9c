"""Settings: the distributor's audit log: filter, read, take along."""

from typing import Annotated

from headgate_sdk.context import Context
from headgate_sdk.errors import Invalid
from headgate_sdk.web import page
from litestar import Response, get
from litestar.params import Parameter
from litestar.response import Stream

from headgate_kernel.audit.export import MEDIA_TYPES, Form, export_log
from headgate_kernel.audit.reading import Page, read_cursor, read_page
from headgate_kernel.audit.standing import seals_of, standing_of
from headgate_kernel.audit.words import KINDS, deed_words, deeds_by_owner
from headgate_kernel.runtime import Kernel
from headgate_kernel.web.audit_filters import Typed, rows_of

PATH = "/settings/audit"
AUDIT_READ = "headgate.audit.read"

Text = Annotated[str, Parameter(max_length=1_000)]


@page(PATH, permission=AUDIT_READ, include_in_schema=False)
async def audit(
    ctx: Context,
    kernel: Kernel,
    *,
    since: Text = "",
    until: Text = "",
    person: Text = "",
    action: Text = "",
    subject: Text = "",
    q: Text = "",
    before: Text = "",
) -> Response[str]:
    """Show the log, newest first."""
    typed = Typed(since=since, until=until, person=person, action=action, subject=subject, q=q)
    error = None
    found = Page([], None, None)
    try:
        wanted, cursor = typed.filter(ctx.tenant.timezone), read_cursor(before)
        found = await read_page(ctx.db, ctx.tenant.id, wanted, before=cursor)
    except Invalid as invalid:
        error = invalid
    async with kernel.databases.platform_scope() as db:
        seals = await seals_of(db, ctx.tenant.id, [entry.id for entry in found.entries])
        standing = await standing_of(db, ctx.tenant.id)
    response = await ctx.render(
        "settings/audit.html",
        rows=rows_of(found.entries, seals, deed_words(kernel.host), ctx.translate),
        next_href=typed.address(PATH, before=str(found.next)) if found.next else "",
        looked_back_to=found.looked_back_to,
        standing=standing,
        broken=standing.first and ctx.translate(standing.first.words, **standing.first.params),
        typed=typed,
        first_page=not before,
        deeds=deeds_by_owner(kernel.host),
        kinds=KINDS,
        path=PATH,
        errors={error.field: kernel.renderer.words(ctx.locale, error)} if error else {},
    )
    if error:
        response.status_code = error.status
    return response


@get(
    f"{PATH}/export",
    opt={"permission": AUDIT_READ, "surface": "page", "packed": True},
    include_in_schema=False,
)
async def export(
    ctx: Context,
    kernel: Kernel,
    *,
    form: Form = "csv",
    since: Text = "",
    until: Text = "",
    person: Text = "",
    action: Text = "",
    subject: Text = "",
    q: Text = "",
) -> Stream:
    """Send the entries that the filters leave as a file."""
    typed = Typed(since=since, until=until, person=person, action=action, subject=subject, q=q)
    wanted = typed.filter(ctx.tenant.timezone)
    await ctx.audit("audit.export", form, filters=typed.given())
    name = f"{ctx.tenant.slug}-audit-{ctx.clock.now():%Y-%m-%d}.{form}"
    return Stream(
        export_log(kernel.databases, ctx.tenant.id, wanted, form),
        media_type=MEDIA_TYPES[form],
        headers={"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"},
    )


HANDLERS = (audit, export)
