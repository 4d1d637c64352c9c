"""Applying blueprints: all of it or nothing, again and again without harm."""

import pytest
from headgate_kernel.tenancy.blueprints import InvalidBlueprint, apply_blueprint, applying, plan_blueprint
from headgate_kernel.tenancy.folders import blueprints_folder
from headgate_kernel.workflow.flows import current_flow
from headgate_sdk.errors import Conflict, HeadgateError, NotFound
from headgate_sdk.ids import new_id
from headgate_sdk.testing.checksums import changed_tables, checksums, tenant_tables

COUNTED = (
    "role", "membership", "membership_role", "plugin_activation", "plugin_settings", "workflow_definition",
    "sample_note",
)  # fmt: skip


async def test_a_tenant_is_set_up(kernel, write, slug, contents):
    folder = write()
    done = await apply_blueprint(kernel, folder)
    assert done.is_new
    assert done.blueprint.profile.slug == slug
    tenant = await kernel.tenant(slug)
    assert tenant.plugins == {"sample", "sample-extra"}
    found = await contents()
    assert {table: len(rows) for table, rows in found.items() if table in COUNTED} == {
        "role": 3, "membership": 2, "membership_role": 3, "plugin_activation": 2, "plugin_settings": 0,
        "workflow_definition": 1, "sample_note": 1,
    }  # fmt: skip
    assert [login for login, _ in found["people"]] == [f"boss@{slug}.example", f"buyer@{slug}.example"]
    assert found["hosts"] == [f"{slug}.localhost"]
    assert "from " + folder.name in found["sample_note"][0]


async def test_applying_twice_leaves_the_same_rows_and_no_trace(kernel, write, contents):
    folder = write()
    assert (await apply_blueprint(kernel, folder)).is_change
    first = await contents()
    again = await apply_blueprint(kernel, folder)
    assert not again.is_change
    assert await contents() == first  # the audit log and the revision included


async def test_a_changed_blueprint_changes_what_it_names(kernel, write, slug, contents):
    await apply_blueprint(kernel, write())
    done = await apply_blueprint(
        kernel, write(('name = "Blue"', 'name = "Red"'), ('name = "Clerk"', 'name = "Helper"'),
                      ('steps = ["sample-extra.photo", "sample.check"]', 'steps = ["sample.check"]'))
    )  # fmt: skip
    assert not done.is_new
    assert {change.section: [row.key for row in change.rows] for change in done.changes} == {
        "profile": [""], "roles": ["clerk"], "flow": ["sample.ticket"],
    }  # fmt: skip
    assert (await kernel.tenant(slug)).info.name == "Red"
    found = await contents()
    assert any("Helper" in row for row in found["role"])
    assert len(found["workflow_definition"]) == 2


async def test_the_named_steps_are_on_in_their_order_and_all_others_off(kernel, write, slug):
    await apply_blueprint(kernel, write())
    async with kernel.context(await kernel.tenant(slug)) as ctx:
        settings = (await current_flow(ctx, kernel.steps, "sample.ticket")).settings
    steps = {phase.phase: [(s.step, s.enabled) for g in phase.groups for s in g] for phase in settings.phases}
    assert steps["before"] == [("sample-extra.photo", True), ("sample.check", True)]
    assert steps["after"] == [("sample.file", False)]


async def test_steps_in_a_list_of_their_own_stand_side_by_side(kernel, write, slug):
    done = await apply_blueprint(
        kernel,
        write(('["sample-extra.photo", "sample.check"]', '[["sample-extra.photo", "sample.check"]]')),
    )
    assert done.after.flow["sample.ticket"].steps == (("sample-extra.photo", "sample.check"),)
    async with kernel.context(await kernel.tenant(slug)) as ctx:
        settings = (await current_flow(ctx, kernel.steps, "sample.ticket")).settings
    assert [len(group) for group in settings.phases[0].groups] == [2]


async def test_plugins_that_the_blueprint_does_not_name_are_switched_off(kernel, write, slug):
    await apply_blueprint(kernel, write())
    only = write(
        ('["sample-extra"]', '["sample"]'), ('["sample-extra.photo", "sample.check"]', '["sample.check"]')
    )
    done = await apply_blueprint(kernel, only)
    assert [(row.key, row.kind) for c in done.changes if c.section == "plugins" for row in c.rows] == [
        ("sample-extra", "gone")
    ]
    assert (await kernel.tenant(slug)).plugins == {"sample"}


async def test_a_plugin_that_open_documents_need_stops_the_whole_blueprint(kernel, write, slug, contents):
    await apply_blueprint(kernel, write())
    async with kernel.context(await kernel.tenant(slug)) as ctx:
        await ctx.workflow.start("sample.ticket", new_id(), {})
    before = await contents()
    only = write(
        ('["sample-extra"]', '["sample"]'), ('["sample-extra.photo", "sample.check"]', '["sample.check"]'),
        ('name = "Blue"', 'name = "Red"'),
    )  # fmt: skip
    for work in (plan_blueprint, apply_blueprint):
        with pytest.raises(Conflict, match="still need steps"):
            await work(kernel, only)
    assert await contents() == before


async def test_nothing_is_left_of_a_blueprint_that_fails_in_the_middle(kernel, write, slug, monkeypatch):
    async def fail(*_):
        raise Conflict("no")

    monkeypatch.setattr(applying, "write_flows", fail)
    with pytest.raises(Conflict):
        await apply_blueprint(kernel, write())
    with pytest.raises(NotFound):
        await kernel.tenant(slug)
    async with kernel.databases.platform_scope() as db:
        assert not await db.fetch("SELECT 1 FROM person_login WHERE login LIKE $1", f"%@{slug}.example")
        assert not await db.fetch("SELECT 1 FROM tenant_host WHERE host = $1", f"{slug}.localhost")


async def test_a_plan_tells_exactly_what_applying_does_and_keeps_nothing(kernel, write, slug, contents):
    planned = await plan_blueprint(kernel, write())
    with pytest.raises(NotFound):
        await kernel.tenant(slug)
    applied = await apply_blueprint(kernel, write())
    assert (planned.changes, planned.is_new) == (applied.changes, applied.is_new)
    changed = write(('name = "Boss"', 'name = "Chief"'), ('locale = "en"', 'locale = "zh_CN"'))
    before = await contents()
    planned = await plan_blueprint(kernel, changed)
    assert await contents() == before
    applied = await apply_blueprint(kernel, changed)
    assert planned.changes == applied.changes
    assert [change.section for change in applied.changes] == ["profile", "people"]
    assert not (await plan_blueprint(kernel, changed)).is_change


async def test_applying_touches_no_row_of_another_distributor(kernel, write, other_tenant):
    """The work is done with the platform's rights, under no policy of the database."""
    tables = await tenant_tables(kernel)
    before = await checksums(kernel, [other_tenant], tables)
    await apply_blueprint(kernel, write())
    await apply_blueprint(kernel, write(('["sample-extra"]', '["sample"]'), ('"sample-extra.photo", ', "")))
    assert changed_tables(before, await checksums(kernel, [other_tenant], tables)) == []


async def test_passwords_are_set_once_and_then_left_alone(kernel, write, slug, browse):
    folder = write()
    await apply_blueprint(kernel, folder)
    done = await apply_blueprint(kernel, folder, password_of=lambda _: "a first password")
    assert done.passwords == 2
    assert not (await apply_blueprint(kernel, folder, password_of=lambda _: "a second password")).is_change
    client = browse(f"{slug}.localhost")
    answer = await client.post(
        "/sign-in", data={"login": f"boss@{slug}.example", "password": "a first password"}
    )
    assert answer.status_code == 303


async def test_people_without_a_password_cannot_sign_in(kernel, write, slug, browse):
    await apply_blueprint(kernel, write())
    client = browse(f"{slug}.localhost")
    for password in ("", "no one signs in with this"):
        answer = await client.post("/sign-in", data={"login": f"boss@{slug}.example", "password": password})
        assert answer.status_code == 422


async def test_people_who_cannot_sign_in_are_invited_once(kernel, write, slug, browse):
    folder = write()
    await apply_blueprint(
        kernel, folder, password_of=lambda p: "a first password" if p.name == "Boss" else None
    )
    done = await apply_blueprint(kernel, folder, invite=True)
    assert [(one.login, one.name) for one in done.invited] == [(f"buyer@{slug}.example", "Buyer")]
    path = done.invited[0].link.partition(f"{slug}.localhost")[2]
    page = await browse(f"{slug}.localhost").get(path[path.index("/") :])
    assert page.status_code == 200
    assert not (await apply_blueprint(kernel, folder, invite=True)).is_change


async def test_who_has_left_is_not_brought_back(kernel, write, slug, contents):
    await apply_blueprint(kernel, write())
    async with kernel.context(await kernel.tenant(slug)) as ctx:
        await ctx.db.execute(
            "UPDATE membership SET state = 'ended' WHERE tenant_id = $1 AND login LIKE 'buyer%'",
            ctx.tenant.id,
        )
    before = await contents()
    assert not (await apply_blueprint(kernel, write(('name = "Buyer"\nkind', 'name = "B."\nkind')))).is_change
    assert await contents() == before


async def test_a_role_may_ask_for_a_second_factor(kernel, write):
    folder = write(('name = "Owner"', 'name = "Owner"\nsecond_factor = true'))
    done = await apply_blueprint(kernel, folder)
    assert [role.key for role in done.after.roles if role.second_factor] == ["owner"]
    assert not (await apply_blueprint(kernel, folder)).is_change


async def test_a_blueprint_puts_its_distributor_on_a_plan(kernel, write, slug, tenant, give_plan):
    small = await give_plan(tenant, plugins=("sample", "sample-extra"))
    planned = ("[profile]", f'plan = "{small.key}"\n[profile]')
    folder = write(planned)
    done = await apply_blueprint(kernel, folder)
    assert [change.section for change in done.changes if change.section == "plan"] == ["plan"]
    assert (await kernel.tenant(slug)).plan == small.key
    assert not (await apply_blueprint(kernel, folder)).is_change
    assert not (await apply_blueprint(kernel, write())).is_change  # none leaves it as it is
    with pytest.raises(Conflict, match="does not include Lone"):
        await apply_blueprint(kernel, write(planned, ('["sample-extra"]', '["sample-extra", "lone"]')))
    assert (await kernel.tenant(slug)).plugins == {"sample", "sample-extra"}


async def test_people_beyond_the_plan_stop_the_whole_blueprint(kernel, write, slug, tenant, give_plan):
    small = await give_plan(tenant, members=(1, 1))
    with pytest.raises(HeadgateError, match="places for 1"):
        await apply_blueprint(kernel, write(("[profile]", f'plan = "{small.key}"\n[profile]')))
    with pytest.raises(NotFound):
        await kernel.tenant(slug)


async def test_the_audit_log_tells_that_a_blueprint_was_applied(kernel, write, slug):
    await apply_blueprint(kernel, write())
    async with kernel.context(await kernel.tenant(slug)) as ctx:
        actions = [
            row["action"]
            for row in await ctx.db.fetch(
                "SELECT action FROM audit_entry WHERE tenant_id = $1", ctx.tenant.id
            )
        ]
    assert actions.count("blueprint.applied") == 1


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('currency = "CNY"', 'currency = "GBP"', "kept in CNY"),
        ('name = "Blue"', 'name = "Blue"\nhost = "{taken}"', "belongs to another distributor"),
    ],
)
async def test_what_only_the_live_tenant_can_tell_names_its_place_too(kernel, write, tenant, old, new, words):
    await apply_blueprint(kernel, write())
    folder = write((old, new.replace("{taken}", tenant.info.slug)))
    with pytest.raises(InvalidBlueprint) as caught:
        await plan_blueprint(kernel, folder)
    assert words in str(caught.value.problems[0])
    assert f"{folder}/tenant.toml:" in str(caught.value.problems[0])


def test_blueprints_are_found_upwards_from_where_one_is(tmp_path, monkeypatch):
    (tmp_path / "tenants").mkdir()
    (tmp_path / "tenants" / "blueprint.schema.json").touch()
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.delenv("HEADGATE_TENANTS_DIR", raising=False)
    monkeypatch.chdir(tmp_path / "a" / "b")
    assert blueprints_folder() == tmp_path / "tenants"


def test_a_named_folder_without_blueprints_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("HEADGATE_TENANTS_DIR", str(tmp_path))
    with pytest.raises(NotFound, match="HEADGATE_TENANTS_DIR"):
        blueprints_folder()
