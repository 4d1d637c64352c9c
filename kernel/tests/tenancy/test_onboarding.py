"""A new distributor: from a blueprint, with its owner invited, all of it or nothing, and once."""

import asyncio
import itertools
import os
import re
from uuid import uuid4

import pytest
from headgate_kernel.identity.invitations import invite
from headgate_kernel.tenancy import onboarding
from headgate_kernel.tenancy.onboarding import NewTenant, onboard_tenant
from headgate_kernel.tenancy.overview import TenantQuery, list_tenants
from headgate_kernel.tenancy.sample_job import BringInSample, bring_in_sample
from headgate_sdk.errors import HeadgateError, InvalidFields
from headgate_sdk.testing.operators import at_console, new_operator

BLUEPRINT = """
[profile]
slug = "model"
name = "Model"
currency = "CNY"
timezone = "Asia/Shanghai"
locale = "en"

[plugins]
enabled = ["sample"]

[[roles]]
key = "owner"
name = "Owner"
permissions = ["*"]

[[people]]
login = "somebody@model.example"
name = "Somebody of the file"
kind = "staff"
roles = ["owner"]
"""
_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def blueprints(tmp_path, monkeypatch):
    """An installation with one good blueprint and one that cannot be read."""
    (tmp_path / "blueprint.schema.json").write_text("{}")
    for name, text in (("model", BLUEPRINT), ("broken", "[profile]\nslug = 1\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tenant.toml").write_text(text)
    monkeypatch.setenv("HEADGATE_TENANTS_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
async def operator_actor(kernel):
    return await new_operator(kernel)


def wanted(**changes):
    slug = f"n{os.getpid()}-{next(_numbers)}"
    values = {
        "key": uuid4(), "blueprint": "model", "name": "New Firm", "slug": slug, "owner_name": "Li Na",
        "owner_login": f"lina@{slug}.example",
    }  # fmt: skip
    return NewTenant(**(values | changes))


async def count(kernel, slug):
    async with kernel.databases.platform_scope() as db:
        return await db.fetch_value("SELECT count(*) FROM tenant WHERE slug = $1", slug)


async def test_the_owner_gets_a_link_that_opens_a_tenant_like_the_blueprint(kernel, browse, operator_actor):
    new = wanted()
    done = await onboard_tenant(kernel, new, operator=operator_actor)
    assert done.slug == new.slug
    tenant = await kernel.tenant(new.slug)
    assert (tenant.info.name, tenant.plugins) == ("New Firm", frozenset({"sample"}))
    page = await browse(f"{new.slug}.localhost").get(re.sub(r"https?://[^/]+", "", done.link))
    assert page.status_code == 200
    assert "Li Na" in page.text
    async with kernel.context(tenant) as ctx:
        people = await ctx.db.fetch("SELECT name FROM membership WHERE tenant_id = $1", tenant.info.id)
        mail = await ctx.db.fetch_value(
            "SELECT payload FROM job WHERE tenant_id = $1 AND payload::text LIKE '%\"invitation\"%'",
            tenant.info.id,
        )
    assert [row["name"] for row in people] == ["Li Na"]
    assert new.owner_login in mail


async def test_both_logs_tell_who_set_it_up(kernel, operator_actor):
    new = wanted()
    await onboard_tenant(kernel, new, operator=operator_actor)
    async with kernel.databases.platform_scope() as db:
        row = await db.fetch_row(
            "SELECT actor_name, person_id FROM platform_audit_entry "
            "WHERE subject = $1 AND action = 'tenant.create'",
            new.slug,
        )
    assert tuple(row) == (operator_actor.name, operator_actor.person_id)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"blueprint": "nowhere"}, "blueprint"), ({"blueprint": "broken"}, "blueprint"),
        ({"blueprint": "../model"}, "blueprint"), ({"name": " "}, "name"), ({"name": "x" * 81}, "name"),
        ({"slug": ""}, "slug"), ({"slug": "Big"}, "slug"), ({"slug": "console"}, "slug"),
        ({"slug": "x-"}, "slug"),
        ({"host": "a b"}, "host"), ({"host": "a.b"}, "host"), ({"host": "admin"}, "host"),
        ({"plan": "none such"}, "plan"), ({"owner_name": ""}, "owner_name"),
        ({"owner_login": ""}, "owner_login"),
        ({"owner_login": "a@b@c"}, "owner_login"), ({"owner_login": "12"}, "owner_login"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_told_at_its_field_and_nothing_is_made(kernel, operator_actor, changes, field):
    new = wanted(**changes)
    with pytest.raises(HeadgateError) as caught:
        await onboard_tenant(kernel, new, operator=operator_actor)
    error = caught.value
    assert [one.field for one in getattr(error, "problems", (error,))] == [field]
    assert await count(kernel, new.slug) == 0


async def test_everything_wrong_is_told_at_once(kernel, operator_actor):
    with pytest.raises(InvalidFields) as caught:
        await onboard_tenant(kernel, wanted(name="", slug="!", owner_name=""), operator=operator_actor)
    assert {one.field for one in caught.value.problems} == {"name", "slug", "owner_name"}


async def test_a_taken_short_name_leaves_the_other_tenant_alone(kernel, tenant, operator_actor):
    with pytest.raises(InvalidFields, match="taken already"):
        await onboard_tenant(kernel, wanted(slug=tenant.info.slug), operator=operator_actor)
    assert (await kernel.tenant(tenant.info.slug)).info == tenant.info


async def test_a_taken_address_is_refused(kernel, tenant, operator_actor):
    with pytest.raises(InvalidFields) as caught:
        await onboard_tenant(kernel, wanted(host=tenant.info.slug), operator=operator_actor)
    assert [one.field for one in caught.value.problems] == ["host"]


async def test_the_same_form_sent_again_makes_no_second_tenant(kernel, operator_actor):
    new = wanted()
    first = await onboard_tenant(kernel, new, operator=operator_actor)
    again = await onboard_tenant(kernel, new, operator=operator_actor)
    assert (again.slug, again.link) == (first.slug, "")
    assert await count(kernel, new.slug) == 1


async def test_the_same_form_sent_five_times_at_once_makes_one_tenant(kernel, operator_actor):
    new = wanted()
    done = await asyncio.gather(*(onboard_tenant(kernel, new, operator=operator_actor) for _ in range(5)))
    assert {one.slug for one in done} == {new.slug}
    assert len([one for one in done if one.link]) == 1
    assert await count(kernel, new.slug) == 1


async def test_two_operators_with_one_short_name_make_one_tenant(kernel, operator_actor):
    new = wanted()
    done = await asyncio.gather(
        *(
            onboard_tenant(kernel, wanted(slug=new.slug, name=f"Firm {n}"), operator=operator_actor)
            for n in (1, 2)
        ),
        return_exceptions=True,
    )
    assert len([one for one in done if isinstance(one, HeadgateError)]) == 1
    assert await count(kernel, new.slug) == 1


async def test_a_last_step_that_fails_leaves_no_trace(kernel, operator_actor, monkeypatch):
    async def broken(*args, **kwargs):
        await invite(*args, **kwargs)
        raise RuntimeError("after everything else was written")

    monkeypatch.setattr(onboarding, "invite", broken)
    new = wanted()
    with pytest.raises(RuntimeError):
        await onboard_tenant(kernel, new, operator=operator_actor)
    async with kernel.databases.platform_scope() as db:
        assert (
            await db.fetch_value("SELECT count(*) FROM person_login WHERE login = $1", new.owner_login) == 0
        )
        assert (
            await db.fetch_value("SELECT count(*) FROM tenant_host WHERE host LIKE $1", f"{new.slug}.%") == 0
        )
        assert (await list_tenants(db, TenantQuery(q=new.slug + "."))).total == 0
    monkeypatch.undo()


async def test_sample_data_that_cannot_be_brought_in_is_told_and_not_tried_again(
    kernel, browse, blueprints, operator_actor
):
    new = wanted(sample=True)
    await onboard_tenant(kernel, new, operator=operator_actor)
    tenant = await kernel.tenant(new.slug)
    (blueprints / "model" / "tenant.toml").write_text("broken")
    await bring_in_sample(kernel, tenant.info.id, BringInSample("model"))
    console = await at_console(kernel, browse("console.localhost"), operator_actor)
    page = await console.get(f"/console/tenants/{new.slug}")
    assert "Sample data could not be brought in" in page.text


async def test_the_console_shows_blueprints_checks_names_and_lands_on_the_tenant_with_the_link(
    kernel, browse, operator_actor
):
    console = await at_console(kernel, browse("console.localhost"), operator_actor)
    form = await console.get("/console/new")
    assert 'value="model"' in form.text
    key = re.search(r'name="key" value="([^"]+)"', form.text).group(1)
    new = wanted()
    assert "Free" in (await console.get("/console/new/slug", params={"slug": new.slug})).text
    assert "reserved" in (await console.get("/console/new/slug", params={"slug": "console"})).text
    data = {
        "key": key, "blueprint": "model", "name": new.name, "slug": new.slug, "owner_name": new.owner_name,
        "owner_login": "not a login!",
    }  # fmt: skip
    refused = await console.post("/console/new", data=data)
    assert refused.status_code == 422
    assert 'id="e-owner_login"' in refused.text
    assert f'value="{new.slug}"' in refused.text
    done = await console.post("/console/new", data=data | {"owner_login": new.owner_login})
    assert done.status_code == 200
    link = re.search(r'value="(http[^"]+/invitation/[^"]+)"', done.text).group(1)
    assert new.slug in link
    assert "taken already" in (await console.get("/console/new/slug", params={"slug": new.slug})).text
    again = await console.post("/console/new", data=data | {"owner_login": new.owner_login})
    assert (again.status_code, again.headers["location"]) == (303, f"/console/tenants/{new.slug}")
