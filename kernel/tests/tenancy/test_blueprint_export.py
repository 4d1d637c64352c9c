"""A live tenant compared with its blueprint, written as one, and taken over into the file."""

import itertools
import os
import tomllib

import pytest
from headgate_kernel.identity.memberships import save_roles
from headgate_kernel.tenancy.blueprints import InvalidBlueprint, apply_blueprint, plan_blueprint, read_source
from headgate_kernel.tenancy.blueprints.exporting import differences, export_tenant, patch_blueprint
from headgate_kernel.tenancy.blueprints.live import canonical
from headgate_kernel.tenancy.blueprints.source import parse_source
from headgate_kernel.tenancy.blueprints.toml_text import blueprint_text
from headgate_kernel.tenancy.plugin_settings import save_settings
from headgate_kernel.workflow.flows import publish_flow
from headgate_sdk.blueprint import Blueprint, FlowEntry, PersonEntry, Plugins, Profile, RoleEntry
from headgate_sdk.errors import Conflict, NotFound
from headgate_sdk.workflow import FlowSettings, PhaseSettings, StepSetting
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

_numbers = itertools.count(1)

COMMENTED = """
# who they are
[profile]
slug = "{slug}"     # never changes
name = "Blue"
currency = "CNY"
timezone = "Asia/Shanghai"
locale = "en"

[plugins]
enabled = [
    "sample-extra",  # photos
]

[settings.sample]
lines = 20  # as on their paper

[[roles]]
key = "owner"
name = "Owner"
permissions = ["*"]

# those who write
[[roles]]
key = "clerk"
name = "Clerk"
permissions = [
    # notes
    "sample.notes.read",
    "sample.notes.write",  # both
]

[[roles]]
key = "temp"
name = "Temp"
permissions = []

# the boss comes first
[[people]]
login = "Boss@{slug}.example"
name = "Boss"
kind = "staff"
roles = ["owner"]
"""


async def live_changes(kernel, slug):
    """Do what people do in the UI."""
    async with kernel.context(await kernel.tenant(slug)) as ctx:
        await save_roles(
            ctx,
            [
                RoleEntry("clerk", "Clerk", ("sample.notes.read", "headgate.people.read")),
                RoleEntry("driver", "Driver", ("sample.notes.read",)),
            ],
        )
        await save_settings(kernel, ctx, "sample", {"lines": 30, "paper": "yellow"})
        phases = (
            PhaseSettings("before", ((StepSetting("sample.check"),),)),
            PhaseSettings("after", ((StepSetting("sample.file"),),)),
        )
        await publish_flow(ctx, kernel.steps, "sample.ticket", FlowSettings(phases))
        await ctx.db.execute(
            "UPDATE membership SET name = 'The \"Boss\"' WHERE tenant_id = $1", ctx.tenant.id
        )


async def test_what_was_changed_live_is_told_by_section(kernel, write, slug):
    folder = write(text=COMMENTED)
    await apply_blueprint(kernel, folder)
    assert await differences(kernel, read_source(folder)) == ()
    await live_changes(kernel, slug)
    found = await differences(kernel, read_source(folder))
    told = {change.section: {row.key: (row.kind, row.fields) for row in change.rows} for change in found}
    assert set(told) == {"settings", "roles", "flow", "people"}
    assert told["roles"]["driver"][0] == "new"
    (changed,) = told["roles"]["clerk"][1]
    assert (changed.before, changed.after) == (
        ["sample.notes.read", "sample.notes.write"], ["headgate.people.read", "sample.notes.read"],
    )  # fmt: skip
    assert {field.name: (field.before, field.after) for field in told["settings"]["sample"][1]} == {
        "lines": (20, 30), "paper": (None, "yellow"),
    }  # fmt: skip


async def test_a_patch_takes_it_over_and_keeps_comments_and_order(kernel, write, slug):
    folder = write(text=COMMENTED)
    await apply_blueprint(kernel, folder)
    await live_changes(kernel, slug)
    before = (folder / "tenant.toml").read_text()
    assert await patch_blueprint(kernel, read_source(folder))
    after = (folder / "tenant.toml").read_text()
    for comment in (
        "# who they are", "# never changes", "# photos", "# as on their paper", "# those who write",
        "# notes",
        "# the boss comes first",
    ):  # fmt: skip
        assert comment in after
    untouched = [line for line in before.splitlines() if "lines =" not in line and 'name = "Boss' not in line]
    untouched.remove('    "sample.notes.write",  # both')
    assert [line for line in after.splitlines() if line in untouched][:20] == untouched[:20]
    given = tomllib.loads(after)
    assert given["settings"]["sample"] == {"lines": 30, "paper": "yellow"}
    assert given["flow"]["sample.ticket"]["steps"] == ["sample.check", "sample.file"]
    assert [role["key"] for role in given["roles"]] == ["owner", "clerk", "temp", "driver"]
    assert given["people"][0]["name"] == 'The "Boss"'
    assert await differences(kernel, read_source(folder)) == ()
    assert not (await plan_blueprint(kernel, folder)).is_change
    assert await patch_blueprint(kernel, read_source(folder)) == ()
    assert (folder / "tenant.toml").read_text() == after


async def test_what_is_gone_live_is_taken_out_of_the_file(kernel, write, slug):
    folder = write(text=COMMENTED)
    await apply_blueprint(kernel, folder)
    async with kernel.context(await kernel.tenant(slug)) as ctx:
        await ctx.db.execute("DELETE FROM role WHERE tenant_id = $1 AND key = 'temp'", ctx.tenant.id)
        await save_settings(kernel, ctx, "sample", {})
    await patch_blueprint(kernel, read_source(folder))
    after = (folder / "tenant.toml").read_text()
    assert '"temp"' not in after
    assert "# the boss comes first" in after
    assert "settings" not in tomllib.loads(after) or not tomllib.loads(after)["settings"].get("sample")
    assert await differences(kernel, read_source(folder)) == ()


async def test_a_file_that_cannot_be_patched_is_left_alone(kernel, write, slug, monkeypatch):
    folder = write(text=COMMENTED)
    await apply_blueprint(kernel, folder)
    await live_changes(kernel, slug)
    monkeypatch.setattr(
        "headgate_kernel.tenancy.blueprints.exporting.patched", lambda text, *_: text.replace("Blue", "Green")
    )
    before = (folder / "tenant.toml").read_text()
    with pytest.raises(Conflict, match="cannot be changed in place"):
        await patch_blueprint(kernel, read_source(folder))
    assert (folder / "tenant.toml").read_text() == before


async def test_an_export_sets_up_the_same_tenant_elsewhere(kernel, write, slug, tmp_path):
    await apply_blueprint(kernel, write(text=COMMENTED))
    await live_changes(kernel, slug)
    done = await export_tenant(kernel, slug, tmp_path / "new")
    assert done.files == ("tenant.toml",)
    copy = tmp_path / "new" / "tenant.toml"
    assert copy.read_text() == done.text == (await export_tenant(kernel, slug)).text
    copy.write_text(copy.read_text().replace(f'"{slug}"', f'"{slug}-b"'))
    await apply_blueprint(kernel, tmp_path / "new")
    again = (await export_tenant(kernel, f"{slug}-b")).text
    assert again.replace(f'"{slug}-b"', f'"{slug}"') == done.text


async def test_an_export_overwrites_no_blueprint(kernel, write, slug):
    folder = write(text=COMMENTED)
    await apply_blueprint(kernel, folder)
    with pytest.raises(Conflict, match="There is a blueprint"):
        await export_tenant(kernel, slug, folder)
    with pytest.raises(NotFound, match="There is no tenant called"):
        await differences(kernel, read_source(write(('slug = "', 'slug = "never-'), text=COMMENTED)))


# -- any blueprint -------------------------------------------------------------------------------------------

label = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=12
)
key = st.from_regex(r"[a-z][a-z0-9-]{0,10}", fullmatch=True)
PERMISSIONS = (
    "*",
    "sample.*",
    "sample.notes.*",
    "sample.notes.read",
    "sample.notes.write",
    "headgate.flow.write",
)
STEPS = ("sample.check", "sample.file", "sample-extra.photo")


@st.composite
def blueprints(draw):
    slug = f"p{os.getpid()}-{next(_numbers)}"
    plugins = draw(
        st.sampled_from([("sample",), ("sample-extra",), ("lone", "sample"), ("sample", "sample-extra")])
    )
    steps = STEPS if "sample-extra" in plugins else STEPS[:2]
    roles = draw(
        st.lists(
            st.builds(
                RoleEntry, key, label, st.lists(st.sampled_from(PERMISSIONS), max_size=4).map(tuple),
                st.booleans(),
            ),
            min_size=1, max_size=4, unique_by=lambda role: role.key,
        )
    )  # fmt: skip
    staff = [
        RoleEntry("boss", "Boss", ("*",)),
        *(role for role in roles if role.key not in {"boss", "client"}),
    ]
    people = draw(
        st.lists(
            st.builds(
                PersonEntry, key.map(lambda name: f"{name}@{slug}.example"), label, st.just("staff"),
                st.lists(st.sampled_from([role.key for role in staff]), min_size=1, max_size=3).map(tuple),
            ),
            max_size=4, unique_by=lambda person: person.login,
        )
    )  # fmt: skip
    chosen = draw(st.fixed_dictionaries({}, optional={
        "paper": st.sampled_from(["white", "yellow"]), "lines": st.integers(1, 100),
        "margin": st.sampled_from(["2.5", "3", "0.10"]),
    }))  # fmt: skip
    flow = draw(
        st.none() | st.permutations(steps).flatmap(lambda s: st.integers(0, len(s)).map(lambda n: s[:n]))
    )
    return Blueprint(
        profile=Profile(
            slug=slug, name=draw(label), currency="CNY", timezone="Europe/London",
            locale=draw(st.sampled_from(["en", "zh_CN"])),
            brand_colour=draw(st.sampled_from(["#0b6e4f", "#ABCDEF"])),
            host=draw(st.sampled_from(["", f"h-{slug}"])),
        ),
        plugins=Plugins(plugins), roles=(*staff, RoleEntry("client", "Client", ())),
        settings={"sample": chosen} if draw(st.booleans()) else {},
        flow={} if flow is None else {"sample.ticket": FlowEntry(tuple(flow))},
        people=(*people, PersonEntry(f"buyer@{slug}.shop", draw(label), "customer", ("client",))),
    )  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(blueprint=blueprints())
async def test_any_blueprint_comes_back_as_it_was_applied(kernel, tmp_path, blueprint):
    folder = tmp_path / blueprint.profile.slug
    folder.mkdir()
    (folder / "tenant.toml").write_text(blueprint_text(blueprint))
    assert read_source(folder).blueprint == blueprint
    planned = await plan_blueprint(kernel, folder)
    applied = await apply_blueprint(kernel, folder)
    assert planned.changes == applied.changes
    assert await differences(kernel, read_source(folder)) == ()
    assert not (await plan_blueprint(kernel, folder)).is_change
    text = (await export_tenant(kernel, blueprint.profile.slug)).text
    again, problems = parse_source(folder, text)
    assert problems == []
    assert again.blueprint == canonical(blueprint, kernel.host, kernel.steps, complete=True)


def test_a_blueprint_of_sections_without_their_plugin_is_refused_before_it_is_compared(tmp_path):
    (tmp_path / "tenant.toml").write_text("[profile]\n")
    with pytest.raises(InvalidBlueprint):
        read_source(tmp_path)
