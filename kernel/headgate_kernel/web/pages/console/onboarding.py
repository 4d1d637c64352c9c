"""A new distributor: blueprint, name, address, plan and first owner on one page."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from headgate_sdk.errors import HeadgateError
from headgate_sdk.ids import new_id
from headgate_sdk.web import see_other
from litestar import MediaType, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body

from headgate_kernel.runtime import Kernel
from headgate_kernel.tenancy.onboarding import (
    Card,
    NewTenant,
    list_blueprints,
    onboard_tenant,
    slug_problem,
)
from headgate_kernel.tenancy.plans import list_plans
from headgate_kernel.web.pages.console.frame import (
    OPERATOR,
    AnyRequest,
    console_page,
    state_of_request,
    words_by_field,
)
from headgate_kernel.web.pages.console.one import tenant_page

PATH = "/console/new"
FORM = RequestEncodingType.URL_ENCODED


class NewForm(msgspec.Struct):
    """The form as typed."""

    key: str = ""
    blueprint: str = ""
    name: str = ""
    slug: str = ""
    host: str = ""
    plan: str = ""
    owner_name: str = ""
    owner_login: str = ""
    sample: str = ""


class CardView(msgspec.Struct, frozen=True):
    """A blueprint as a card shows it.

    Args:
        card: what is known of it.
        plugins: names of those that are switched on, English msgids.
        steps: names of the steps of its orders, English msgids.
        plan: name of its plan; empty for the first there is.
        problem: why it cannot be used, in the operator's language.
    """

    card: Card
    plugins: tuple[str, ...]
    steps: tuple[str, ...]
    plan: str
    problem: str


@get(PATH, opt=OPERATOR, media_type=MediaType.HTML, include_in_schema=False)
async def new_tenant(request: AnyRequest) -> Response[Any]:
    """Show the form; its key makes it count once."""
    return await _form(request, NewForm(key=str(new_id()), sample="on"))


@get(f"{PATH}/slug", opt=OPERATOR, media_type=MediaType.HTML, include_in_schema=False)
async def check_slug(request: AnyRequest, kernel: Kernel, slug: str = "") -> Response[Any]:
    """Tell while one types whether a short name is free."""
    slug = slug.strip()
    async with kernel.databases.platform_scope() as db:
        problem = await slug_problem(db, slug) if slug else None
    words = words_by_field(request, problem).get("slug", "")
    return console_page(
        request, "console/_slug.html", slug=slug, problem=words, domain=kernel.settings.domain
    )


@post(PATH, opt=OPERATOR, media_type=MediaType.HTML, status_code=200, include_in_schema=False)
async def create(
    request: AnyRequest, kernel: Kernel, data: Annotated[NewForm, Body(media_type=FORM)]
) -> Response[Any]:
    """Set the tenant up, and show its page with the link of the owner's invitation."""
    state = state_of_request(request)
    try:
        key = UUID(data.key)
    except ValueError:
        key = new_id()
        data.key = str(key)
    wanted = NewTenant(
        key=key, blueprint=data.blueprint, name=data.name, slug=data.slug.strip(), host=data.host,
        plan=data.plan, owner_name=data.owner_name, owner_login=data.owner_login, sample=bool(data.sample),
    )  # fmt: skip
    try:
        done = await onboard_tenant(kernel, wanted, operator=state.session.actor)
    except HeadgateError as error:
        return await _form(request, data, error)
    if not done.link:
        return see_other(f"/console/tenants/{done.slug}")
    return await tenant_page(request, done.slug, link=done.link)


async def _form(request: AnyRequest, typed: NewForm, error: HeadgateError | None = None) -> Response[Any]:
    state = state_of_request(request)
    kernel = state.kernel
    async with kernel.databases.platform_scope() as db:
        plans = await list_plans(db)
    titles = {one.plan.key: one.plan.title(state.locale) for one in plans}
    return console_page(
        request,
        "console/new.html",
        status_code=200 if error is None else min(error.status, 499),
        cards=[_view(request, kernel, card, titles) for card in list_blueprints()],
        plans=[("", ""), *titles.items()],
        typed=typed,
        errors=words_by_field(request, error),
        domain=kernel.settings.domain,
    )


def _view(request: AnyRequest, kernel: Kernel, card: Card, plans: dict[str, str]) -> CardView:
    if card.blueprint is None:
        problem = " ".join(words_by_field(request, card.problem).values())
        return CardView(card, (), (), "", problem)
    installed, kinds = kernel.host.by_id, kernel.steps.step_types
    steps = [
        step
        for flow in card.blueprint.flow.values()
        for group in flow.steps
        for step in ((group,) if isinstance(group, str) else group)
    ]
    return CardView(
        card,
        tuple(installed[one].manifest.name for one in card.blueprint.plugins.enabled if one in installed),
        tuple(kinds[step].name for step in steps if step in kinds),
        plans.get(card.blueprint.plan, ""),
        "",
    )


HANDLERS = (new_tenant, check_slug, create)
