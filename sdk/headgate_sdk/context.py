"""What every use case is handed: whose data, who acts, when, and the doors to the kernel.

A `Context` is made by the kernel, one for each request, job or command, with its unit of work. A use case
takes it as its first argument, never commits, and never looks for a tenant anywhere else.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, Protocol, TypeVar
from uuid import UUID

import msgspec

from headgate_sdk.clock import Clock
from headgate_sdk.errors import Forbidden, SignInRequired
from headgate_sdk.i18n import N_
from headgate_sdk.ids import TenantId
from headgate_sdk.secrets import Secret

if TYPE_CHECKING:
    from litestar import Response

    from headgate_sdk.database import Database
    from headgate_sdk.events import EventType
    from headgate_sdk.members import Members
    from headgate_sdk.workflow import Workflow

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound=msgspec.Struct)
B = TypeVar("B", bound=msgspec.Struct)

ActorKind = Literal["anonymous", "customer", "staff", "operator", "system"]


class TenantInfo(msgspec.Struct, frozen=True):
    """The distributor whose data is touched.

    Args:
        id: number of the tenant.
        slug: short name, also its host label.
        name: as people call it.
        currency: ISO 4217 code of its books.
        timezone: IANA name.
        locale: default language, `zh_CN` or `en`.
        brand_colour: `#rrggbb`.
        logo: picture of the distributor's logo, below `/files/`; None shows the name alone.
    """

    id: TenantId
    slug: str
    name: str
    currency: str
    timezone: str
    locale: str
    brand_colour: str = "#0b6e4f"
    logo: UUID | None = None


class QuotaPlace(msgspec.Struct, frozen=True):
    """Where uses of a meter are counted just now.

    Args:
        period: first day of the month; a day of its own for what never begins anew.
        slot: which part of the count is taken when all are busy.
    """

    period: date
    slot: int


class Actor(msgspec.Struct, frozen=True):
    """Who acts.

    Args:
        kind: buyer's side, distributor's staff, the operator, the system itself, or nobody known.
        name: shown in histories.
        membership_id: the person's place in this tenant; none for system and anonymous.
        person_id: the human, for separation of duty across roles and delegation.
        role_name: English msgid or tenant's own word for the role, shown beside the name.
        permissions: what this person may do here; `*` is everything.
        denied: what they may not do although a pattern would cover it: inside an impersonation.
        scopes: of the API token that stands for them, never more than they may; None without one.
        operator: name of the operator who acts in their place, inside an impersonation.
        operator_id: person id of that operator.
        operator_until: when the impersonation ends by itself.
    """

    kind: ActorKind
    name: str = ""
    membership_id: UUID | None = None
    person_id: UUID | None = None
    role_name: str = ""
    permissions: frozenset[str] = frozenset()
    denied: frozenset[str] = frozenset()
    scopes: frozenset[str] | None = None
    operator: str = ""
    operator_id: UUID | None = None
    operator_until: datetime | None = None

    def allowed(self, permission: str) -> bool:
        """Tell whether the actor may, directly or by a pattern such as `trade.*`."""
        if not covers(self.permissions, permission) or permission in self.denied:
            return False
        return self.scopes is None or covers(self.scopes, permission)


def covers(patterns: Collection[str], permission: str) -> bool:
    """Tell whether a permission is among patterns: itself, `*`, or `trade.*` for all that begins so."""
    if permission in patterns or "*" in patterns:
        return True
    return any(pattern.endswith(".*") and permission.startswith(pattern[:-1]) for pattern in patterns)


SYSTEM = Actor(kind="system", name=N_("System"), role_name=N_("System"), permissions=frozenset({"*"}))
"""The system acting by itself: schedules, imports, replays."""

ANONYMOUS = Actor(kind="anonymous")


class Named(msgspec.Struct, frozen=True):
    """A hook's result with the plugin that gave it."""

    plugin: str
    value: Any


class Hooks(Protocol):
    """Calls hooks of the plugins that are active for this tenant."""

    async def decide(
        self, spec: Callable[Concatenate["Context", P], Awaitable[R]], *args: P.args, **kwargs: P.kwargs
    ) -> list[tuple[str, R]]:
        """Call a decider hook on a batch, inside the transaction; results come as (plugin, value).

        Each implementation runs in a savepoint with a time budget. What happens when one fails is stated by
        the spec: fail-closed raises, fail-open leaves its result out and counts the fault.
        """
        ...


class Services(Protocol):
    """The kernel's side of a context."""

    def workflow(self, ctx: "Context") -> "Workflow":
        """Give the workflow engine, bound to the context."""
        ...

    def hooks(self, ctx: "Context") -> Hooks:
        """Give the hook caller, bound to the context's tenant."""
        ...

    def members(self, ctx: "Context") -> "Members":
        """Give the doors to people of customers, bound to the context."""
        ...

    def translate(self, locale: str, text: str) -> str:
        """Translate an English msgid."""
        ...

    async def render(self, ctx: "Context", template: str, values: Mapping[str, object]) -> "Response[str]":
        """Render a template into a page."""
        ...

    async def slot(self, ctx: "Context", place: str, data: object) -> str:
        """Render what active plugins put into a named place of a page."""
        ...

    async def audit(self, ctx: "Context", action: str, subject: str, details: Mapping[str, object]) -> None:
        """Append to the tenant's audit log."""
        ...

    async def store_file(self, ctx: "Context", content: bytes, *, purpose: str) -> UUID:
        """Check and keep an uploaded picture; gives its id."""
        ...

    async def enqueue(
        self, ctx: "Context", job: str, payload: msgspec.Struct, *, key: str, run_at: datetime | None
    ) -> UUID:
        """Ask for a job; gives its id."""
        ...

    async def emit(self, ctx: "Context", kind: "EventType[B]", bodies: "Sequence[B]") -> None:
        """Tell observers what happens."""
        ...

    async def use_quota(self, ctx: "Context", meter: str, amount: int) -> None:
        """Count against the tenant's plan."""
        ...

    def quota_place(self, ctx: "Context", meter: str) -> QuotaPlace | None:
        """Give where a statement of one's own counts."""
        ...

    async def seal(self, ctx: "Context", place: str, secret: Secret) -> bytes:
        """Encrypt a secret for its place."""
        ...

    async def reveal(self, ctx: "Context", place: str, sealed: bytes) -> Secret:
        """Decrypt a secret that was sealed for the place."""
        ...


class Context:
    """Whose data, who acts, when, and the doors to the kernel.

    Attributes:
        tenant: the distributor.
        actor: who acts.
        db: the transaction of this request or job; parameters only, the kernel commits.
        clock: the time; never ask the machine.
        locale: the reader's language.
        plugins: ids of the plugins that are active for the tenant.
        path: of the page that is asked for; empty outside of requests.
        request_id: of the request, as logs and the audit log have it; empty outside of requests.
        address: network address of who asks; empty outside of requests.
    """

    __slots__ = (
        "_services", "_settings", "actor", "address", "clock", "db", "locale", "path", "plugins",
        "request_id", "tenant",
    )  # fmt: skip

    def __init__(
        self,
        *,
        tenant: TenantInfo,
        actor: Actor,
        db: "Database",
        clock: Clock,
        plugins: frozenset[str],
        services: Services,
        locale: str | None = None,
        path: str = "",
        request_id: str = "",
        address: str = "",
        settings: Mapping[type[msgspec.Struct], msgspec.Struct] | None = None,
    ) -> None:
        self._settings = settings or {}
        self.path = path
        self.request_id = request_id
        self.address = address
        self.tenant = tenant
        self.actor = actor
        self.db = db
        self.clock = clock
        self.plugins = plugins
        self.locale = locale or tenant.locale
        self._services = services

    def allowed(self, permission: str) -> bool:
        """Tell whether the actor has the permission."""
        return self.actor.allowed(permission)

    def require(self, permission: str) -> None:
        """Insist on a permission.

        Raises:
            SignInRequired: nobody is signed in.
            Forbidden: the actor lacks the permission.
        """
        if self.actor.allowed(permission):
            return
        if self.actor.kind == "anonymous":
            raise SignInRequired(N_("Please sign in first."))
        raise Forbidden(
            N_("You may not do this: it needs the permission {permission}."), permission=permission
        )

    def acting_as(self, actor: Actor) -> "Context":
        """Give a context for another actor on the same unit of work: imports and replays act for people."""
        return Context(
            tenant=self.tenant, actor=actor, db=self.db, clock=self.clock, plugins=self.plugins,
            services=self._services, locale=self.locale, path=self.path, request_id=self.request_id,
            address=self.address, settings=self._settings,
        )  # fmt: skip

    def settings(self, kind: type[S]) -> S:
        """Give a plugin's settings for the tenant; costs no query.

        Args:
            kind: the type that the plugin's manifest names as its settings.
        """
        found = self._settings.get(kind)
        return found if isinstance(found, kind) else kind()

    @property
    def workflow(self) -> "Workflow":
        """The workflow engine on this transaction."""
        return self._services.workflow(self)

    @property
    def hooks(self) -> Hooks:
        """Hooks of the tenant's active plugins."""
        return self._services.hooks(self)

    @property
    def members(self) -> "Members":
        """People of customers: to invite, to give roles, to end their access; see `headgate_sdk.members`."""
        return self._services.members(self)

    def translate(self, text: str, /, **params: object) -> str:
        """Translate an English msgid into the reader's language and fill its parameters."""
        translated = self._services.translate(self.locale, text)
        return translated.format(**params) if params else translated

    async def render(self, template: str, **values: object) -> "Response[str]":
        """Render a template of the plugin (`<plugin>/page.html`) into a response."""
        return await self._services.render(self, template, values)

    async def slot(self, place: str, data: object = None) -> str:
        """Render what active plugins put into the named place; safe markup, empty when nobody does."""
        return await self._services.slot(self, place, data)

    async def audit(self, action: str, subject: str, **details: object) -> None:
        """Append to the audit log: what was done to what, with before and after among the details."""
        await self._services.audit(self, action, subject, details)

    async def store_file(self, content: bytes, *, purpose: str) -> UUID:
        """Keep an uploaded picture after checking it by content, size and pixels.

        Raises:
            Invalid: not a picture that browsers show, or too large; says which.
        """
        return await self._services.store_file(self, content, purpose=purpose)

    async def enqueue(
        self, job: str, payload: msgspec.Struct, *, key: str = "", run_at: datetime | None = None
    ) -> UUID:
        """Ask for work after the answer, in this transaction; see `headgate_sdk.jobs`.

        Args:
            job: name of a job type of the plugin.
            payload: what the job is told, as its type declares.
            key: while a job of this type with this key waits to begin, no other one is made. Two transactions
                that ask with one key wait for each other, so it names the thing that the job is about.
            run_at: not before; at once by default.

        Returns:
            Id of the job; of the one that waits already, if the key has one.

        Raises:
            LookupError: no plugin has declared such a job type.
        """
        return await self._services.enqueue(self, job, payload, key=key, run_at=run_at)

    async def emit(self, kind: "EventType[B]", *bodies: B) -> None:
        """Tell who wants to know what happens in this transaction; see `headgate_sdk.events`.

        Args:
            kind: of event; the plugin declares it by `headgate_events`.
            bodies: what each event tells; nobody who listens costs nothing.
        """
        await self._services.emit(self, kind, bodies)

    async def use_quota(self, meter: str, amount: int = 1) -> None:
        """Count what is about to be done against the tenant's plan, in the transaction of the deed.

        What is undone is not counted. Ask before writing: for `members` what is there is counted anew.

        Args:
            meter: `orders` (by month), `members`, `storage_bytes`.
            amount: how many more; below zero gives back.

        Raises:
            QuotaExceeded: the plan's limit would be passed; names it and says what to do.
        """
        await self._services.use_quota(self, meter, amount)

    def quota_place(self, meter: str) -> QuotaPlace | None:
        """Give where a hot statement counts by itself, to save `use_quota` its own way to the database.

        It calls `headgate_count(tenant_id, meter, period, amount, slot)`; where that gives false, nothing was
        counted, and `use_quota` follows. None means that nothing is counted on this installation.
        """
        return self._services.quota_place(self, meter)

    async def seal(self, place: str, secret: Secret) -> bytes:
        """Encrypt a secret for its place, and no other.

        Args:
            place: `table:column:row`, as `SealedColumn.place` gives it for a column of the plugin's manifest.
            secret: what to keep.
        """
        return await self._services.seal(self, place, secret)

    async def reveal(self, place: str, sealed: bytes) -> Secret:
        """Decrypt a secret that was sealed for the place.

        Raises:
            SecretUnreadable: it was changed, or sealed for another row, column or distributor.
        """
        return await self._services.reveal(self, place, sealed)
