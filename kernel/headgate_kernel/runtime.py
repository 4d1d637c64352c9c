"""The kernel put together: what one process holds from start to stop."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from headgate_sdk.clock import Clock, SystemClock
from headgate_sdk.context import SYSTEM, Actor, Context, QuotaPlace
from headgate_sdk.errors import NotFound
from headgate_sdk.events import EventType
from headgate_sdk.i18n import N_
from headgate_sdk.secrets import Secret
from litestar import Response

from headgate_kernel.audit import append_entry
from headgate_kernel.config import Settings
from headgate_kernel.database.database import Databases
from headgate_kernel.database.engine import HeadgateEngine, bind_tables
from headgate_kernel.database.migration_files import MigrationSource
from headgate_kernel.database.settings import DatabaseSettings
from headgate_kernel.events.emitting import emit
from headgate_kernel.files import store_picture
from headgate_kernel.i18n import Catalogue
from headgate_kernel.identity.customer_members import CustomerMembers
from headgate_kernel.identity.impersonated import impersonating
from headgate_kernel.identity.oidc.providers import Providers as IdentityProviders
from headgate_kernel.identity.permissions import sensitive_permissions
from headgate_kernel.identity.sessions import Sessions
from headgate_kernel.identity.tokens import Tokens
from headgate_kernel.jobs.declared import plugin_of
from headgate_kernel.jobs.queue import enqueue
from headgate_kernel.limits import Limits
from headgate_kernel.notify.providers import Notices, open_providers
from headgate_kernel.plugins.calling import BoundHooks
from headgate_kernel.plugins.host import PluginHost
from headgate_kernel.quotas import quota_place, use_quota
from headgate_kernel.quotas.meters import METERS
from headgate_kernel.secrets import Secrets, open_master_key, sealed_columns
from headgate_kernel.tenancy.directory import Tenant, TenantDirectory
from headgate_kernel.web.rendering import Renderer
from headgate_kernel.workflow.catalogue import StepCatalogue
from headgate_kernel.workflow.engine import WorkflowEngine

if TYPE_CHECKING:
    from headgate_sdk.database import Database


class Kernel:
    """Everything that requests and commands need (implements `headgate_sdk.context.Services`).

    Args:
        settings: of the process.
        databases: open pools.
        host: the installed plugins.
        clock: the time.
    """

    def __init__(
        self, settings: Settings, databases: Databases, host: PluginHost, clock: Clock | None = None
    ) -> None:
        self.settings = settings
        self.databases = databases
        self.host = host
        self.clock = clock or SystemClock()
        self.sessions = Sessions(databases, self.clock)
        self.sessions.operators_need_second_factor = settings.operators_need_second_factor
        self.sessions.impersonate = impersonating(sensitive_permissions(host))
        self.tokens = Tokens(databases, self.clock)
        self.limits = Limits(databases, on=settings.limits)
        self.notices = Notices()
        self.providers = open_providers(settings, self.notices)
        self.secrets = Secrets(databases, open_master_key(settings), sealed_columns(host), self.clock)
        self.directory = TenantDirectory(databases, host, self.secrets)
        self.identity_providers = IdentityProviders(allow_private=settings.oidc_allow_private)
        working = [plugin.manifest.package for plugin in host.installed if not plugin.problem]
        self.catalogue = Catalogue(["headgate_kernel", "headgate_sdk", *working])
        self.steps = step_catalogue(host)
        self.renderer = Renderer(self.catalogue, host, working)
        bind_tables(
            HeadgateEngine(),
            [table for plugin in host.installed if not plugin.problem for table in plugin.manifest.tables],
        )

    @classmethod
    async def open(
        cls, settings: Settings, host: PluginHost | None = None, clock: Clock | None = None
    ) -> "Kernel":
        """Find or start the database and put everything together.

        Raises:
            DatabaseError: what is wrong and what to do.
        """
        host = host or PluginHost()
        databases = await Databases.open(database_settings(settings), migration_sources(host))
        return cls(settings, databases, host, clock)

    async def close(self) -> None:
        """Let go of the database."""
        await self.databases.close()

    @asynccontextmanager
    async def context(
        self, tenant: Tenant, *, actor: Actor = SYSTEM, clock: Clock | None = None
    ) -> AsyncIterator[Context]:
        """Open a unit of work for a tenant outside of a request; commits on a normal exit."""
        async with self.databases.tenant_scope(tenant.info.id) as db:
            yield self.make_context(tenant, actor, db, clock=clock)

    def make_context(
        self,
        tenant: Tenant,
        actor: Actor,
        db: "Database",
        *,
        locale: str | None = None,
        path: str = "",
        clock: Clock | None = None,
        request_id: str = "",
        address: str = "",
    ) -> Context:
        """Make what use cases are handed."""
        return Context(
            tenant=tenant.info, actor=actor, db=db, clock=clock or self.clock, plugins=tenant.plugins,
            services=self, locale=locale, path=path, request_id=request_id, address=address,
            settings=tenant.settings,
        )  # fmt: skip

    async def tenant(self, slug: str) -> Tenant:
        """Give a tenant by its short name.

        Raises:
            NotFound: names what to do.
        """
        tenant = await self.directory.by_slug(slug)
        if tenant is None:
            raise NotFound(N_("There is no tenant called {slug}."), field="tenant", slug=slug)
        return tenant

    # -- headgate_sdk.context.Services ---------------------------------------------------------------------

    def workflow(self, ctx: Context) -> WorkflowEngine:
        """Give the workflow engine, bound to the context."""
        return WorkflowEngine(ctx, self.steps)

    def hooks(self, ctx: Context) -> BoundHooks:
        """Give the hook caller, bound to the context's tenant."""
        return BoundHooks(ctx, self.host.table(ctx.plugins))

    def members(self, ctx: Context) -> CustomerMembers:
        """Give the doors to people of customers."""
        return CustomerMembers(self, ctx)

    def translate(self, locale: str, text: str) -> str:
        """Translate an English msgid."""
        return self.catalogue.translate(locale, text)

    async def render(self, ctx: Context, template: str, values: Mapping[str, object]) -> Response[str]:
        """Render a template into a page."""
        return await self.renderer.page(ctx, template, {"plan_warnings": self._plan_warnings(ctx), **values})

    def _plan_warnings(self, ctx: Context) -> list[tuple[str, str]]:
        """Give the meters that are near or at their end, for those who see the plan; costs no query."""
        tenant = self.directory.held(ctx.tenant.id)
        if tenant is None or not tenant.warnings or not ctx.allowed("headgate.plan.read"):
            return []
        return [(METERS[meter].label, level) for meter, level in tenant.warnings.items() if meter in METERS]

    async def slot(self, ctx: Context, place: str, data: Any) -> str:
        """Render what active plugins put into a named place of a page."""
        return await self.renderer.slot(ctx, place, data)

    async def audit(self, ctx: Context, action: str, subject: str, details: Mapping[str, object]) -> None:
        """Append to the tenant's audit log."""
        await append_entry(ctx, action, subject, details)

    async def store_file(self, ctx: Context, content: bytes, *, purpose: str) -> UUID:
        """Check and keep an uploaded picture."""
        return await store_picture(ctx, content, purpose=purpose)

    async def use_quota(self, ctx: Context, meter: str, amount: int) -> None:
        """Count against the tenant's plan."""
        if self.settings.limits:
            await use_quota(ctx, meter, amount)

    def quota_place(self, ctx: Context, meter: str) -> QuotaPlace | None:
        """Give where a statement counts that does so by itself."""
        return quota_place(ctx, meter) if self.settings.limits else None

    async def seal(self, ctx: Context, place: str, secret: Secret) -> bytes:
        """Encrypt a secret for its place in the tenant's tables."""
        return await self.secrets.seal(
            ctx.db, tenant_id=ctx.tenant.id, place=place, value=secret.reveal().encode()
        )

    async def reveal(self, ctx: Context, place: str, sealed: bytes) -> Secret:
        """Decrypt a secret of the tenant's tables."""
        value = await self.secrets.reveal(ctx.db, tenant_id=ctx.tenant.id, place=place, sealed=sealed)
        return Secret(value.decode())

    async def emit(self, ctx: Context, kind: EventType[Any], bodies: Sequence[msgspec.Struct]) -> None:
        """Tell observers what happens in the context's transaction."""
        await emit(ctx, kind, bodies, self.host.surfaces.observers)

    async def enqueue(
        self, ctx: Context, job: str, payload: msgspec.Struct, *, key: str, run_at: datetime | None
    ) -> UUID:
        """Ask for a job of a plugin."""
        plugin = plugin_of(self.host.surfaces.jobs, job, payload)
        return await enqueue(
            ctx.db, ctx.tenant.id, job, payload, key=key, run_at=run_at, now=ctx.clock.now(), plugin=plugin
        )


def database_settings(settings: Settings) -> DatabaseSettings:
    """Give the database what it needs to be told."""
    return DatabaseSettings(
        data_dir=settings.data_dir,
        secret_key=settings.secret_key,
        url=settings.database_url or None,
        app_url=settings.app_database_url or None,
        platform_url=settings.platform_database_url or None,
        pg_bin=settings.pg_bin,
    )


def migration_sources(host: PluginHost) -> Sequence[MigrationSource]:
    """Give the migrations of the kernel and of every plugin that works here."""
    kernel = MigrationSource("kernel", (), files("headgate_kernel") / "migrations")
    return [
        kernel,
        *(
            MigrationSource(
                plugin.manifest.id,
                ("kernel", *plugin.manifest.requires),
                files(plugin.manifest.package) / "migrations",
            )
            for plugin in host.installed
            if not plugin.problem
        ),
    ]


def step_catalogue(host: PluginHost) -> StepCatalogue:
    """Give the step and subject types of all plugins, each with its plugin's id."""
    return StepCatalogue.of(
        (msgspec.structs.replace(step, plugin=plugin) for plugin, step in host.surfaces.step_types),
        (msgspec.structs.replace(subject, plugin=plugin) for plugin, subject in host.surfaces.subject_types),
    )
