"""Blueprints: what is wrong in one is named, and applying one twice changes nothing."""

import itertools
import os

import pytest
from headgate_kernel.tenancy.blueprints import apply_blueprint, read_blueprint
from headgate_kernel.tenancy.folders import blueprints_folder
from headgate_kernel.workflow.flows import current_flow
from headgate_sdk.errors import HeadgateError, Invalid, NotFound

_numbers = itertools.count(1)

TEXT = """
[profile]
slug = "{slug}"
name = "Blue"
currency = "CNY"
timezone = "Asia/Shanghai"
locale = "en"

[plugins]
enabled = ["sample-extra"]

[[roles]]
key = "owner"
name = "Owner"
permissions = ["*"]

[[roles]]
key = "clerk"
name = "Clerk"
permissions = ["sample.notes.*", "headgate.people.read"]

[[roles]]
key = "buyer"
name = "Buyer"
permissions = []

[flow."sample.ticket"]
steps = ["sample-extra.photo", "sample.check"]

[[people]]
login = "Boss@{slug}.example"
name = "Boss"
kind = "staff"
roles = ["owner", "clerk"]

[[people]]
login = "buyer@{slug}.example"
name = "Buyer"
kind = "customer"
roles = ["buyer"]
"""


@pytest.fixture
def slug():
    return f"b{os.getpid()}-{next(_numbers)}"


@pytest.fixture
def write(tmp_path, slug):
    def put(*replaced, text=TEXT):
        text = text.replace("{slug}", slug)
        for old, new in replaced:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "tenant.toml").write_text(text)
        return tmp_path

    return put


TABLES = (
    "role", "membership", "membership_role", "plugin_activation", "workflow_definition", "sample_note",
)  # fmt: skip


async def contents(kernel, slug):
    """Give all rows of the tenant, in words."""
    tenant = await kernel.tenant(slug)
    found = {}
    async with kernel.context(tenant) as ctx:
        for table in TABLES:
            rows = await ctx.db.fetch(
                f"SELECT t::text AS row FROM {table} t WHERE tenant_id = $1", tenant.info.id
            )
            found[table] = sorted(row["row"] for row in rows)
        found["audit_entry"] = await ctx.db.fetch_value(
            "SELECT count(*) FROM audit_entry WHERE tenant_id = $1", tenant.info.id
        )
    async with kernel.databases.platform_scope() as db:
        rows = await db.fetch(
            "SELECT l.login, p::text FROM person_login l JOIN person p ON p.id = l.person_id"
            " WHERE l.login LIKE $1",
            f"%@{slug}.example",
        )
        found["people"] = sorted(tuple(row) for row in rows)
        found["hosts"] = [
            row["host"]
            for row in await db.fetch("SELECT host FROM tenant_host WHERE tenant_id = $1", tenant.info.id)
        ]
    return found


async def test_a_tenant_is_set_up(kernel, write, slug):
    folder = write()
    done = await apply_blueprint(kernel, folder)
    assert done.is_new
    assert done.blueprint.profile.slug == slug
    tenant = await kernel.tenant(slug)
    assert tenant.plugins == {"sample", "sample-extra"}
    found = await contents(kernel, slug)
    assert {table: len(rows) for table, rows in found.items() if table in TABLES} == {
        "role": 3, "membership": 2, "membership_role": 3, "plugin_activation": 2, "workflow_definition": 1,
        "sample_note": 1,
    }  # fmt: skip
    assert [login for login, _ in found["people"]] == [f"boss@{slug}.example", f"buyer@{slug}.example"]
    assert found["hosts"] == [f"{slug}.localhost"]
    assert "from " + folder.name in found["sample_note"][0]


async def test_applying_twice_leaves_the_same_rows(kernel, write, slug):
    folder = write()
    await apply_blueprint(kernel, folder)
    first = await contents(kernel, slug)
    await apply_blueprint(kernel, folder)
    assert await contents(kernel, slug) == first


async def test_a_changed_blueprint_changes_what_it_names(kernel, write, slug):
    await apply_blueprint(kernel, write())
    await apply_blueprint(
        kernel, write(('name = "Blue"', 'name = "Red"'), ('name = "Clerk"', 'name = "Helper"'),
                      ('steps = ["sample-extra.photo", "sample.check"]', 'steps = ["sample.check"]'))
    )  # fmt: skip
    assert (await kernel.tenant(slug)).info.name == "Red"
    found = await contents(kernel, slug)
    assert any("Helper" in row for row in found["role"])
    assert len(found["workflow_definition"]) == 2


async def test_the_named_steps_are_on_in_their_order_and_all_others_off(kernel, write, slug):
    await apply_blueprint(kernel, write())
    async with kernel.context(await kernel.tenant(slug)) as ctx:
        settings = (await current_flow(ctx, kernel.steps, "sample.ticket")).settings
    steps = {phase.phase: [(s.step, s.enabled) for g in phase.groups for s in g] for phase in settings.phases}
    assert steps["before"] == [("sample-extra.photo", True), ("sample.check", True)]
    assert steps["after"] == [("sample.file", False)]


async def test_passwords_are_set_when_they_are_given_and_else_left_alone(kernel, write, slug, browse):
    folder = write()
    await apply_blueprint(kernel, folder, password_of=lambda _: "a first password")
    await apply_blueprint(kernel, folder)
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


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('currency = "CNY"\n', "", ["currency", "$.profile"]),
        ('currency = "CNY"', "currency = 5", ["$.profile.currency"]),
        ('name = "Blue"', 'nmae = "Blue"', ["nmae", "$.profile"]),
        ('kind = "staff"', 'kind = "boss"', ["'boss'", "$.people"]),
        ('enabled = ["sample-extra"]', 'enabled = "sample"', ["$.plugins.enabled"]),
        ("[plugins]", "[plugins", ["line"]),
        ('permissions = ["*"]', "permissions = [1]", ["$.roles[0].permissions"]),
        ("[plugins]", "[extra]\na = 1\n[plugins]", ["extra"]),
    ],
)
def test_a_blueprint_of_the_wrong_shape_names_file_and_field(write, old, new, named):
    folder = write((old, new))
    with pytest.raises(Invalid) as caught:
        read_blueprint(folder)
    for words in (str(folder / "tenant.toml"), *named):
        assert words in str(caught.value)


def test_a_blueprint_in_another_encoding_is_told(tmp_path):
    (tmp_path / "tenant.toml").write_bytes('name = "锦城"'.encode("gb18030"))
    with pytest.raises(Invalid, match=r"tenant\.toml cannot be used"):
        read_blueprint(tmp_path)


@pytest.mark.parametrize("where", ["nowhere", "tenant.toml"])
def test_a_missing_blueprint_is_told_with_its_path(write, where):
    folder = write() / where
    with pytest.raises(NotFound) as caught:
        read_blueprint(folder)
    assert str(folder / "tenant.toml") in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "field", "words"),
    [
        ('slug = "{slug}"', 'slug = "No!"', "profile.slug", "'No!' cannot be a short name"),
        ("Asia/Shanghai", "Asia/Nowhere", "profile.timezone", "Asia/Nowhere"),
        ('locale = "en"', 'locale = "fr"', "profile.locale", "zh_CN, en"),
        ('["sample-extra"]', '["ghost"]', "plugins.enabled", "plugin ghost, which is not installed"),
        (
            '"headgate.people.read"]',
            '"headgate.people.reed"]',
            "roles",
            "role clerk allows headgate.people.reed",
        ),
        ('roles = ["clerk"]', 'roles = ["chief"]', "roles", "given the role chief"),
    ],
)
async def test_what_a_blueprint_names_wrongly_is_told_before_anything_is_written(
    kernel, write, slug, old, new, field, words
):
    folder = write((old.replace("{slug}", slug), new))
    with pytest.raises(Invalid) as caught:
        await apply_blueprint(kernel, folder)
    assert caught.value.field == field
    assert words in str(caught.value)
    with pytest.raises(NotFound):
        await kernel.tenant(slug)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"sample.check"]', '"sample.chek"]', "sample.chek"),
        ('[flow."sample.ticket"]', '[flow."sample.tocket"]', "sample.tocket"),
        ('["sample-extra"]', '["sample"]', "sample-extra.photo"),
    ],
)
async def test_an_unknown_step_or_flow_is_refused_by_name(kernel, write, old, new, words):
    with pytest.raises(HeadgateError) as caught:
        await apply_blueprint(kernel, write((old, new)))
    assert caught.value.status in {404, 422}
    assert words in str(caught.value)


async def test_an_address_of_another_tenant_is_refused(kernel, write, tenant):
    folder = write(('currency = "CNY"', f'currency = "CNY"\nhost = "{tenant.info.slug}"'))
    with pytest.raises(HeadgateError, match="belongs to another distributor"):
        await apply_blueprint(kernel, folder)


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
