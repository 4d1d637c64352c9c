"""The operator's console: deeds of those who run the platform, and whether all chains are whole."""

from typing import Annotated

from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.ids import TenantId
from headgate_sdk.web import NavItem
from litestar import MediaType, Response, get
from litestar.params import Parameter
from litestar.response import Stream

from headgate_kernel.audit import PLATFORM, append_platform_entry
from headgate_kernel.audit.export import MEDIA_TYPES, Form, export_log
from headgate_kernel.audit.reading import Page, read_cursor, read_page
from headgate_kernel.audit.standing import chains_not_whole, seals_of, standing_of
from headgate_kernel.audit.words import KERNEL_DEEDS, KINDS
from headgate_kernel.runtime import Kernel
from headgate_kernel.web.audit_filters import Typed, rows_of
from headgate_kernel.web.pages.console.frame import (
    CONSOLE_NAV,
    OPERATOR,
    AnyRequest,
    console_page,
    state_of_request,
    words_by_field,
)

PATH = "/console/audit"
ZONE = "UTC"

CONSOLE_NAV.append(
    NavItem(label=N_("Audit log"), href=PATH, face="console", icon="history", permission="operator", order=50)
)

Text = Annotated[str, Parameter(max_length=1_000)]


@get(PATH, opt=OPERATOR, media_type=MediaType.HTML, include_in_schema=False)
async def audit(
    request: AnyRequest,
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
    """Show the operators' log, newest first."""
    typed = Typed(since=since, until=until, person=person, action=action, subject=subject, q=q)
    locale = state_of_request(request).locale
    error = None
    found = Page([], None, None)
    async with kernel.databases.platform_scope() as db:
        try:
            found = await read_page(db, PLATFORM, typed.filter(ZONE), before=read_cursor(before))
        except Invalid as invalid:
            error = invalid
        seals = await seals_of(db, PLATFORM, [entry.id for entry in found.entries])
        standing = await standing_of(db, PLATFORM)
        not_whole = await chains_not_whole(db)

    def translate(text: str) -> str:
        return kernel.translate(locale, text)

    return console_page(
        request,
        "console/audit.html",
        status_code=error.status if error else 200,
        rows=rows_of(found.entries, seals, KERNEL_DEEDS, translate),
        next_href=typed.address(PATH, before=str(found.next)) if found.next else "",
        looked_back_to=found.looked_back_to,
        standing=standing,
        broken=standing.first and translate(standing.first.words).format(**standing.first.params),
        not_whole=[slug for slug in not_whole if slug],
        typed=typed,
        first_page=not before,
        deeds=[(N_("Headgate"), KERNEL_DEEDS)],
        kinds=KINDS,
        path=PATH,
        errors=words_by_field(request, error),
    )


@get(f"{PATH}/export", opt=OPERATOR | {"packed": True}, include_in_schema=False)
async def export(
    request: AnyRequest,
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
    wanted = typed.filter(ZONE)
    state, now = state_of_request(request), kernel.clock.now()
    async with kernel.databases.platform_scope() as db:
        await append_platform_entry(
            db, actor=state.session.actor, action="audit.export", subject=form, now=now,
            details={"filters": typed.given()}, address=state.address,
        )  # fmt: skip
    return Stream(
        export_log(kernel.databases, TenantId(PLATFORM), wanted, form),
        media_type=MEDIA_TYPES[form],
        headers={
            "content-disposition": f'attachment; filename="headgate-audit-{now:%Y-%m-%d}.{form}"',
            "cache-control": "no-store",
        },
    )


HANDLERS = (audit, export)
