"""Templates of the kernel and of plugins, rendered in the reader's language."""

import logging
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from functools import lru_cache
from importlib.resources import files
from typing import Any

import msgspec
from headgate_sdk.context import Actor, Context, TenantInfo
from headgate_sdk.errors import HeadgateError
from headgate_sdk.i18n import N_
from headgate_sdk.web import SIGNED_IN, NavItem
from jinja2 import ChoiceLoader, Environment, PackageLoader
from litestar import MediaType, Response
from markupsafe import Markup, escape

from headgate_kernel.i18n import Catalogue
from headgate_kernel.plugins.host import PluginHost
from headgate_kernel.web import formats
from headgate_kernel.web.assets_manifest import asset
from headgate_kernel.web.quick_templates import QuickContext, Words

log = logging.getLogger(__name__)
_locale: ContextVar[str] = ContextVar("headgate_page_locale", default="en")

SECTIONS = (N_("Orders"), N_("Products"), N_("Customers"), N_("Prices"), N_("Stock"), N_("Money"),
            N_("Marketing"), N_("Community"), N_("Reports"), N_("Settings"))  # fmt: skip
"""Jobs of the workbench in the order of its menu; what is not among them stands before the settings."""

KERNEL_NAV = (
    NavItem(label=N_("First steps"), href="/settings/checklist", face="settings", icon="list-checks",
            permission="headgate.profile.write", section="Settings", order=5),
    NavItem(label=N_("Order flow"), href="/settings/flow", face="settings", icon="git-branch",
            permission="headgate.flow.write", section="Settings", order=10),
    NavItem(label=N_("Plugins"), href="/settings/plugins", face="settings", icon="plug",
            permission="headgate.plugins.write", section="Settings", order=20),
    NavItem(label=N_("People"), href="/settings/people", face="settings", icon="users",
            permission="headgate.people.read", section="Settings", order=30),
    NavItem(label=N_("Roles"), href="/settings/roles", face="settings", icon="shield-check",
            permission="headgate.people.read", section="Settings", order=32),
    NavItem(label=N_("API tokens"), href="/settings/tokens", face="settings", icon="key-round",
            permission="headgate.tokens.write", section="Settings", order=34),
    NavItem(label=N_("Signing in"), href="/settings/sso", face="settings", icon="lock",
            permission="headgate.sign_in.write", section="Settings", order=36),
    NavItem(label=N_("Plan"), href="/settings/plan", face="settings", icon="gauge",
            permission="headgate.plan.read", section="Settings", order=50),
    NavItem(label=N_("Audit log"), href="/settings/audit", face="settings", icon="history",
            permission="headgate.audit.read", section="Settings", order=60),
    NavItem(label=N_("Data"), href="/settings/data", face="settings", icon="download",
            permission="headgate.data.write", section="Settings", order=70),
    NavItem(label=N_("Help by the operator"), href="/settings/support", face="settings", icon="handshake",
            permission="headgate.support.write", section="Settings", order=80),
)  # fmt: skip


class NavEntry(msgspec.Struct):
    """A menu entry as the layouts draw it."""

    label: str
    href: str
    icon: str
    section: str
    active: bool
    badge: str | None


class Reader(msgspec.Struct, frozen=True):
    """Who looks at a page that belongs to no tenant's context: errors, the console, sign-in."""

    tenant: TenantInfo | None
    actor: Actor | None
    locale: str

    def allowed(self, permission: str) -> bool:
        """Tell whether the reader has the permission."""
        return self.actor is not None and self.actor.allowed(permission)


class Renderer:
    """Renders pages.

    Args:
        catalogue: translations.
        host: the installed plugins, for menus and slots.
        packages: import names of the plugins, whose `templates/` are found by their folder's name.
    """

    def __init__(self, catalogue: Catalogue, host: PluginHost, packages: Sequence[str]) -> None:
        self._catalogue = catalogue
        self._host = host
        self._environment = Environment(
            loader=ChoiceLoader([
                PackageLoader("headgate_kernel", "web/templates"),
                *(PackageLoader(package) for package in packages if _has_templates(package)),
            ]),
            autoescape=True,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )  # fmt: skip
        self._environment.context_class = QuickContext
        self._words_of = lru_cache(maxsize=20_000)(self._escaped_words)
        self._environment.globals.update(
            _=self._translate,
            asset=asset,
            clock_time=formats.clock_time,
            money=formats.money,
            unit_price=formats.unit_price,
            number=formats.number,
        )

    async def page(self, ctx: Context, template: str, values: Mapping[str, object]) -> Response[str]:
        """Render a template; names beginning with `_` are fragments and get no menu."""
        whole = not template.rpartition("/")[2].startswith("_")
        times = formats.Times(ctx)
        text = self.text(
            template,
            ctx.locale,
            {
                "ctx": ctx,
                "nav": await self._menu(ctx) if whole else [],
                "date": times.day,
                "datetime": times.moment,
                "ago": times.ago,
                **values,
            },
        )
        return Response(text, media_type=MediaType.HTML)

    def text(self, template: str, locale: str, values: Mapping[str, object]) -> str:
        """Render a template to text in a language."""
        token = _locale.set(locale)
        try:
            return self._environment.get_template(template).render(values)
        finally:
            _locale.reset(token)

    async def slot(self, ctx: Context, place: str, data: Any) -> Markup:
        """Render a place; a plugin that fails leaves a small box with its name, not a broken page."""
        filled = sorted(
            ((slot.order, plugin, slot) for plugin, slot in self._host.surfaces.slots
             if slot.place == place and plugin in ctx.plugins),
            key=lambda entry: entry[:2],
        )  # fmt: skip
        parts: list[str] = []
        for _, plugin, slot in filled:
            try:
                async with ctx.db.savepoint():
                    parts.append(await slot.render(ctx, data))
            except HeadgateError as error:
                parts.append(self._slot_failed(ctx, plugin, self.words(ctx.locale, error)))
            except Exception:
                log.exception("slot %s of plugin %s failed", place, plugin)
                parts.append(self._slot_failed(ctx, plugin, ""))
        return Markup("").join(Markup(part) for part in parts)  # noqa: S704 (made by templates that escape)

    def words(self, locale: str, error: HeadgateError) -> str:
        """Give an error's message in the reader's language."""
        return error.fill(self._catalogue.translate(locale, error.message))

    def _slot_failed(self, ctx: Context, plugin: str, reason: str) -> str:
        name = self._catalogue.translate(ctx.locale, self._host.by_id[plugin].manifest.name)
        words = self._catalogue.translate(ctx.locale, N_("The plugin {name} could not be shown here."))
        return f'<p class="notice is-wait">{escape(words.format(name=name))} {escape(reason)}</p>'

    def front_page(self, ctx: Context) -> str | None:
        """Give the first page of the actor's own menu; None when nothing is switched on for them."""
        items = self._items(ctx, mall=ctx.actor.kind == "customer")
        return items[0].href if items else None

    def _items(self, ctx: Context, *, mall: bool) -> list[NavItem]:
        found = [
            (_section_rank(item), item.order, item.label, item)
            for item in (
                *(item for plugin, item in self._host.surfaces.nav if plugin in ctx.plugins),
                *KERNEL_NAV,
            )
            if (item.face == "mall") == mall
            and (item.permission == SIGNED_IN or ctx.allowed(item.permission))
        ]
        return [entry[-1] for entry in sorted(found, key=lambda entry: entry[:3])]

    async def _menu(self, ctx: Context) -> list[NavEntry]:
        items = self._items(ctx, mall=ctx.actor.kind == "customer" or ctx.path.startswith("/mall"))
        here = max(
            (item.href for item in items if _covers(item.href, ctx.path)), key=len, default="",
        )  # fmt: skip
        return [
            NavEntry(
                item.label, item.href, item.icon, item.section, item.href == here, await _badge(ctx, item)
            )
            for item in items
        ]

    def _translate(self, text: str) -> Markup:
        """Give a translation, escaped already, so that `.format()` escapes what is put in, but not markup."""
        return self._words_of(_locale.get(), text)

    def _escaped_words(self, locale: str, text: str) -> Words:
        return Words(escape(self._catalogue.translate(locale, text)))


async def _badge(ctx: Context, item: NavItem) -> str | None:
    if item.badge is None:
        return None
    try:
        async with ctx.db.savepoint():
            count = await item.badge(ctx)
    except Exception:
        log.exception("the number beside %s cannot be told", item.href)
        return None
    return None if count <= 0 else str(count) if count < 1000 else "999+"


def _covers(href: str, path: str) -> bool:
    """Tell whether an entry leads to where the reader is; a front page (`/mall/`) covers only itself."""
    return path.rstrip("/") == href.rstrip("/") or (not href.endswith("/") and path.startswith(href + "/"))


def _section_rank(item: NavItem) -> int:
    if item.section in SECTIONS:
        return SECTIONS.index(item.section)
    return SECTIONS.index("Settings") - 1


def _has_templates(package: str) -> bool:
    return (files(package) / "templates").is_dir()
