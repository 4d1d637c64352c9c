"""What every plugin must hold, as tests to subclass: on is on, off is off, and nothing is lost in between.

    from headgate_sdk.testing.conformance import PluginConformance

    class TestOffers(PluginConformance):
        plugin = "offers"

The kit reads what the plugin has registered (routes, menu entries, slots, steps, hooks, jobs, schedules,
permissions, the API's description) and tries each, switched on and off, at two distributors. A subclass fills
tenants with data, so that "nothing is lost" says something, and gives the data of the slots that the plugin
fills.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar
from uuid import uuid4

import httpx
import msgspec
import pytest
from headgate_kernel.identity.permissions import KERNEL_PERMISSIONS
from headgate_kernel.jobs.draining import run_due_jobs
from headgate_kernel.jobs.queue import enqueue
from headgate_kernel.jobs.scheduler import Scheduler
from headgate_kernel.plugins.discovery import closure
from headgate_kernel.plugins.host import hook_infos
from headgate_kernel.runtime import Kernel
from headgate_kernel.tenancy.directory import Tenant
from litestar import Litestar

from headgate_sdk.context import Context
from headgate_sdk.testing.checksums import changed_tables, checksums
from headgate_sdk.testing.deeds import deeds_of
from headgate_sdk.testing.tenants import Client, actor_of
from headgate_sdk.web import PUBLIC, SIGNED_IN

NOWHERE = "/no-such-page/at-all"
NOWHERE_IN_API = "/api/v1/no-such-thing/at-all"
PLACEHOLDER = str(uuid4())

SignIn = Callable[[Tenant, str], Awaitable[Client]]
MakeTenant = Callable[[], Awaitable[Tenant]]


class Pair:
    """Two distributors with the plugin on; at `here` it is switched, at `there` it stays as it is.

    Attributes:
        kernel: of the test.
        here: where the plugin is switched.
        there: where it is not.
        owner: signed in here.
        other: the owner there.
    """

    def __init__(self, kernel: Kernel, here: Tenant, there: Tenant, owner: Client, other: Client) -> None:
        self.kernel, self.here, self.there = kernel, here, there
        self.owner, self.other = owner, other

    async def switch(self, plugin: str, state: str) -> None:
        """Switch a plugin here as people do, after those that need it when it goes off."""
        if state == "off":
            for needing in reversed(self.kernel.host.installed):
                if needing.manifest.id != plugin and plugin in closure(
                    [needing.manifest.id], self.kernel.host.installed
                ):
                    await self._post(needing.manifest.id, "off")
        await self._post(plugin, state)

    async def _post(self, plugin: str, state: str) -> None:
        answer = await self.owner.post(f"/settings/plugins/{plugin}", data={"state": state})
        assert answer.status_code == 303, f"{plugin} could not be switched {state}: {answer.text[-1500:]}"


class Anything(msgspec.Struct):
    """Payload of a job that must not be looked at."""


class PluginConformance:
    """Subclass it with the name `Test...` and say which plugin."""

    plugin: ClassVar[str]

    async def fill(self, kernel: Kernel, tenant: Tenant) -> None:
        """Put rows into all of the plugin's tables, and leave no open order that needs its steps."""

    async def slot_data(self, ctx: Context, place: str) -> Any:
        """Give what the page hands to a place, such that the plugin shows something to `slot_role`."""
        raise NotImplementedError(f"say what the page hands to the place {place}")

    slot_role: ClassVar[str] = "owner"
    """Role of those who see the plugin's slots."""

    async def make_pair(self, kernel: Kernel, new_tenant: MakeTenant, client_for: SignIn) -> Pair:
        """Make two filled distributors."""
        here, there = await new_tenant(), await new_tenant()
        for tenant in (here, there):
            await self.fill(kernel, tenant)
        return Pair(kernel, here, there, await client_for(here, "owner"), await client_for(there, "owner"))

    @pytest.fixture
    async def pair(self, kernel: Kernel, app: Litestar, new_tenant: MakeTenant, client_for: SignIn) -> Pair:
        """Two filled distributors of this test's own."""
        return await self.make_pair(kernel, new_tenant, client_for)

    # -- what it declares -----------------------------------------------------------------------------------

    def test_it_is_installed_and_works(self, kernel: Kernel) -> None:
        """The kernel has taken it in, all of it."""
        assert self.plugin in kernel.host.by_id, f"{self.plugin} is not installed"
        installed = kernel.host.by_id[self.plugin]
        assert not installed.problem, installed.problem.format(**installed.problem_params)

    def test_it_asks_only_for_permissions_that_somebody_declares(self, kernel: Kernel) -> None:
        """A slip in a permission's name would quietly close a page for all but owners."""
        needed = closure([self.plugin], kernel.host.installed)
        declared = {permission.id for permission in KERNEL_PERMISSIONS} | {
            permission.id for owner, permission in kernel.host.surfaces.permissions if owner in needed
        }
        surfaces = kernel.host.surfaces
        asked = {opt["permission"] for _, _, opt in _routes(kernel, self.plugin)}
        asked |= {item.permission for owner, item in surfaces.nav if owner == self.plugin}
        asked |= {
            step.permission for owner, step in surfaces.step_types if owner == self.plugin and step.permission
        }
        assert asked <= declared | {PUBLIC, SIGNED_IN}

    def test_its_names_are_its_own(self, kernel: Kernel) -> None:
        """Permissions and steps begin with the plugin's id, so that two plugins never mean the same."""
        surfaces = kernel.host.surfaces
        names = [permission.id for owner, permission in surfaces.permissions if owner == self.plugin]
        names += [step.id for owner, step in surfaces.step_types if owner == self.plugin]
        names += [subject.id for owner, subject in surfaces.subject_types if owner == self.plugin]
        names += [job.name for owner, job in surfaces.jobs if owner == self.plugin]
        assert [name for name in names if not name.startswith(f"{self.plugin}.")] == []

    def test_its_deeds_have_words(self, kernel: Kernel) -> None:
        """The page of the audit log shows what people understand, in their language."""
        manifest = kernel.host.by_id[self.plugin].manifest
        written = deeds_of(manifest.package)
        assert sorted(written.keys() - manifest.deeds.keys()) == [], "name them in the manifest (`deeds`)"
        assert [name for name in manifest.deeds if not name.startswith(f"{self.plugin}.")] == []

    # -- on and off -----------------------------------------------------------------------------------------

    async def test_its_addresses_are_like_unknown_ones_when_it_is_off(
        self, kernel: Kernel, app: Litestar, pair: Pair, client_for: SignIn
    ) -> None:
        """Each route and verb: answered when on; off, byte for byte what an unknown address gets."""
        routes = _routes(kernel, self.plugin, app)
        people = {role: await client_for(pair.here, role) for role in ("", "owner", "buyer")}
        for method, path, _ in routes:
            assert not await _is_unknown(people["owner"], method, path), (
                f"{method} {path} is not there when on"
            )
        await pair.switch(self.plugin, "off")
        for method, path, _ in routes:
            for role, client in people.items():
                assert await _is_unknown(client, method, path), f"{method} {path} shows to {role or 'nobody'}"
            assert not await _is_unknown(pair.other, method, path), (
                f"{method} {path} is gone for the other too"
            )

    async def test_its_menu_entries_go_with_it(self, kernel: Kernel, pair: Pair, client_for: SignIn) -> None:
        """On the pages of every face that still stand."""
        hrefs = {item.href for owner, item in kernel.host.surfaces.nav if owner == self.plugin}
        assert hrefs <= await _menu(pair.owner, await client_for(pair.here, "buyer"))
        await pair.switch(self.plugin, "off")
        assert not hrefs & await _menu(pair.owner, await client_for(pair.here, "buyer"))
        assert hrefs <= await _menu(pair.other, await client_for(pair.there, "buyer"))

    async def test_its_places_in_pages_are_empty_when_it_is_off(self, kernel: Kernel, pair: Pair) -> None:
        """Other plugins in the same place stay."""
        places = sorted({slot.place for owner, slot in kernel.host.surfaces.slots if owner == self.plugin})
        shown = {place: await self._slot(pair.kernel, pair.here, place) for place in places}
        assert [place for place, markup in shown.items() if not markup] == []
        await pair.switch(self.plugin, "off")
        for place in places:
            assert await self._slot(pair.kernel, pair.here, place) != shown[place], f"{place} shows the same"
            assert await self._slot(pair.kernel, pair.there, place), f"{place} is empty for the other too"

    async def test_its_steps_are_not_offered_when_it_is_off(self, kernel: Kernel, pair: Pair) -> None:
        """The page of the order flow has a switch for each step, or none."""
        steps = [step.id for owner, step in kernel.host.surfaces.step_types if owner == self.plugin]
        page = (await pair.owner.get("/settings/flow")).text
        assert [step for step in steps if f'value="{step}"' not in page] == []
        await pair.switch(self.plugin, "off")
        page, other = (
            (await pair.owner.get("/settings/flow")).text,
            (await pair.other.get("/settings/flow")).text,
        )
        assert [step for step in steps if step in page] == []
        assert [step for step in steps if f'value="{step}"' not in other] == []

    async def test_its_hooks_are_not_called_when_it_is_off(self, kernel: Kernel, pair: Pair) -> None:
        """The table that calls go through has none of its functions."""
        own = {
            name
            for name, info in hook_infos().items()
            if info.scope == "tenant"
            and any(i.plugin == self.plugin for i in kernel.host.implementations(name))
        }
        assert await _hooks_of(pair, self.plugin, pair.here) == own
        await pair.switch(self.plugin, "off")
        assert await _hooks_of(pair, self.plugin, pair.here) == set()
        assert await _hooks_of(pair, self.plugin, pair.there) == own

    async def test_its_jobs_wait_when_it_is_off(self, kernel: Kernel, pair: Pair) -> None:
        """A worker that takes one up puts it by; it is not lost."""
        names = sorted(job.name for owner, job in kernel.host.surfaces.jobs if owner == self.plugin)
        tenant_id = pair.here.info.id
        now = kernel.clock.now()
        async with kernel.databases.platform_scope() as db:
            for name in names:
                await enqueue(db, tenant_id, name, Anything(), now=now, plugin=self.plugin)
        await pair.switch(self.plugin, "off")
        await run_due_jobs(kernel, [tenant_id])
        waiting = await _jobs_of(kernel, self.plugin, pair.here)
        assert sorted(waiting) == [(name, "waiting") for name in names]

    async def test_its_schedules_do_not_fire_when_it_is_off(self, kernel: Kernel, pair: Pair) -> None:
        """Their time comes, and no job is asked for; at the other distributor they fire."""
        names = sorted(one.job for owner, one in kernel.host.surfaces.schedules if owner == self.plugin)
        scheduler = Scheduler(kernel)
        await scheduler.note_rules()
        await pair.switch(self.plugin, "off")
        async with kernel.databases.platform_scope() as db:
            await db.execute(
                "UPDATE job_schedule SET next_at = $3 WHERE tenant_id = ANY ($1) AND plugin = $2",
                [pair.here.info.id, pair.there.info.id], self.plugin, kernel.clock.now(),
            )  # fmt: skip
        while await scheduler.fire_due():
            pass
        assert await _jobs_of(kernel, self.plugin, pair.here) == []
        assert sorted(name for name, _ in await _jobs_of(kernel, self.plugin, pair.there)) == names

    async def test_the_apis_description_leaves_it_out_when_it_is_off(
        self, kernel: Kernel, app: Litestar, pair: Pair
    ) -> None:
        """Its paths are not told, nor the shapes of what only they take and give."""
        paths = {path for _, path, opt in _routes(kernel, self.plugin, app) if opt["surface"] == "api"}
        described = await _description(pair.owner)
        assert paths <= described["paths"].keys()
        await pair.switch(self.plugin, "off")
        left = await _description(pair.owner)
        assert not paths & left["paths"].keys()
        text = json.dumps(left)
        assert [
            name for name in left["components"]["schemas"] if f'"#/components/schemas/{name}"' not in text
        ] == []
        assert await _description(pair.other) == described

    async def test_off_and_on_again_loses_nothing(self, kernel: Kernel, pair: Pair) -> None:
        """Neither rows of the plugin nor the answers of its pages."""
        tables = [table._meta.tablename for table in kernel.host.by_id[self.plugin].manifest.tables]  # noqa: SLF001
        before = await checksums(kernel, [pair.here, pair.there], tables)
        filled = {name for tenant, name in before if tenant == pair.here.info.id}
        assert sorted(set(tables) - filled) == [], "`fill` leaves these tables empty"
        await pair.switch(self.plugin, "off")
        assert changed_tables(before, await checksums(kernel, [pair.here, pair.there], tables)) == []
        await pair.switch(self.plugin, "on")
        assert changed_tables(before, await checksums(kernel, [pair.here, pair.there], tables)) == []

    async def test_it_brings_what_it_requires_and_holds_it(self, kernel: Kernel, pair: Pair) -> None:
        """Switching it on switches on what it needs, which then cannot be switched off under it."""
        requires = kernel.host.by_id[self.plugin].manifest.requires
        for needed in requires:
            await pair.switch(needed, "off")
        await pair.switch(self.plugin, "on")
        active = (await kernel.tenant(pair.here.info.slug)).plugins
        assert closure([self.plugin], kernel.host.installed) <= active
        for needed in requires:
            refused = await pair.owner.post(f"/settings/plugins/{needed}", data={"state": "off"})
            assert refused.status_code == 409
            assert kernel.host.by_id[self.plugin].manifest.name in refused.text

    async def _slot(self, kernel: Kernel, tenant: Tenant, place: str) -> str:
        fresh = await kernel.tenant(tenant.info.slug)
        async with kernel.context(fresh, actor=await actor_of(kernel, fresh, self.slot_role)) as ctx:
            return await ctx.slot(place, await self.slot_data(ctx, place))


def _routes(
    kernel: Kernel, plugin: str, app: Litestar | None = None
) -> list[tuple[str, str, dict[str, str]]]:
    """Give verb, path and options of each route of a plugin."""
    if app is None:
        handlers = [route for owner, route in kernel.host.surfaces.routes if owner == plugin]
        return [("", "", dict(getattr(handler, "opt", {}))) for handler in handlers]
    return [
        (method, route.path_format, handler.opt)
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
        for method in sorted(handler.http_methods - {"OPTIONS"})
        if handler.opt.get("plugin") == plugin
    ]


async def _jobs_of(kernel: Kernel, plugin: str, tenant: Tenant) -> list[tuple[str, str]]:
    """Give the plugin's jobs in the queue, with their states."""
    async with kernel.databases.platform_scope() as db:
        rows = await db.fetch(
            "SELECT job, state FROM job WHERE tenant_id = $1 AND plugin = $2", tenant.info.id, plugin
        )
    return [(row["job"], row["state"]) for row in rows]


async def _is_unknown(client: Client, method: str, path: str) -> bool:
    """Tell whether an address is answered exactly like one that nothing stands behind."""
    address = "/".join(PLACEHOLDER if part.startswith("{") else part for part in path.split("/"))
    answer = await client.request(method, address)
    unknown = await client.request(method, NOWHERE_IN_API if path.startswith("/api/") else NOWHERE)
    return _everything(answer) == _everything(unknown)


def _everything(answer: httpx.Response) -> tuple[int, list[tuple[str, str]], bytes]:
    headers = [(name, value) for name, value in answer.headers.multi_items() if name != "x-request-id"]
    return answer.status_code, sorted(headers), answer.content


async def _menu(staff: Client, buyer: Client) -> set[str]:
    """Give the addresses to which the menus of the workbench and of the mall lead."""
    found: set[str] = set()
    for client, page in ((staff, "/settings/plugins"), (buyer, "/mall/")):
        markup = (await client.get(page)).text
        for nav in markup.split("<nav")[1:]:
            found.update(part.partition('"')[0] for part in nav.partition("</nav>")[0].split('<a href="')[1:])
    return found


async def _hooks_of(pair: Pair, plugin: str, tenant: Tenant) -> set[str]:
    active = (await pair.kernel.tenant(tenant.info.slug)).plugins
    table = pair.kernel.host.table(active)
    return {name for name, called in table.items() if any(i.plugin == plugin for i in called)}


async def _description(client: Client) -> dict[str, Any]:
    description: dict[str, Any] = (await client.get("/api/v1/openapi.json")).json()
    return description
