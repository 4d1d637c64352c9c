from uuid import UUID, uuid4

import pytest
from headgate_kernel.secrets import rotation
from headgate_kernel.secrets.checking import take_inventory
from headgate_kernel.secrets.envelope import key_id_of
from headgate_kernel.secrets.rotation import rewrap_data_keys, rotate_data_key
from headgate_sdk.errors import SecretUnreadable
from headgate_sdk.secrets import SealedColumn, Secret

PASSWORD = SealedColumn("sample_account", "password")


async def fill(kernel, tenant, count: int) -> dict[UUID, str]:
    """Write accounts with sealed passwords; gives the passwords by row."""
    kept = {uuid4(): f"口令 {number}" for number in range(count)}
    async with kernel.context(tenant) as ctx:
        await ctx.db.execute_many(
            "INSERT INTO sample_account (tenant_id, id, password) VALUES ($1, $2, $3)",
            [
                (ctx.tenant.id, row, await ctx.seal(PASSWORD.place(row), Secret(text)))
                for row, text in kept.items()
            ],
        )
    return kept


async def sealed_in(kernel, tenant) -> dict[UUID, bytes]:
    async with kernel.context(tenant) as ctx:
        rows = await ctx.db.fetch(
            "SELECT id, password FROM sample_account WHERE tenant_id = $1 AND password IS NOT NULL",
            ctx.tenant.id,
        )
    return {row["id"]: row["password"] for row in rows}


async def opened(kernel, tenant) -> dict[UUID, str]:
    sealed = await sealed_in(kernel, tenant)
    async with kernel.context(tenant) as ctx:
        return {row: (await ctx.reveal(PASSWORD.place(row), value)).reveal() for row, value in sealed.items()}


async def test_all_values_are_sealed_anew_and_still_open(kernel, tenant, other_tenant):
    kept, others = await fill(kernel, tenant, 450), await fill(kernel, other_tenant, 3)
    before, theirs = await sealed_in(kernel, tenant), await sealed_in(kernel, other_tenant)

    done = await rotate_data_key(kernel, tenant.info.id)

    after = await sealed_in(kernel, tenant)
    assert (done.resumed, done.resealed, done.unreadable) == (False, 450, [])
    assert not {key_id_of(value) for value in before.values()} & {
        key_id_of(value) for value in after.values()
    }
    assert await opened(kernel, tenant) == kept
    assert await sealed_in(kernel, other_tenant) == theirs
    assert await opened(kernel, other_tenant) == others


async def test_a_rotation_that_was_killed_is_finished_by_the_next(kernel, tenant, monkeypatch):
    kept = await fill(kernel, tenant, 500)
    batches = 0
    original = rotation._reseal_row

    async def killed_in_the_second_batch(*args):
        nonlocal batches
        batches += 1
        if batches > rotation.BATCH + 50:
            raise KeyboardInterrupt
        return await original(*args)

    monkeypatch.setattr(rotation, "_reseal_row", killed_in_the_second_batch)
    with pytest.raises(KeyboardInterrupt):
        await rotate_data_key(kernel, tenant.info.id)
    monkeypatch.undo()
    half = {key_id_of(value) for value in (await sealed_in(kernel, tenant)).values()}
    assert len(half) == 2
    assert await opened(kernel, tenant) == kept

    done = await rotate_data_key(kernel, tenant.info.id)

    assert (done.resumed, done.resealed) == (True, 500 - rotation.BATCH)
    assert {key_id_of(value) for value in (await sealed_in(kernel, tenant)).values()} < half
    assert await opened(kernel, tenant) == kept


async def test_a_value_that_does_not_open_is_told_and_holds_nothing_up(kernel, tenant):
    kept = await fill(kernel, tenant, 3)
    first, second, _ = kept
    async with kernel.context(tenant) as ctx:  # moved from one row to another
        await ctx.db.execute(
            "UPDATE sample_account a SET password = b.password FROM sample_account b "
            "WHERE a.tenant_id = $1 AND b.tenant_id = $1 AND a.id = $2 AND b.id = $3",
            ctx.tenant.id, first, second,
        )  # fmt: skip
    for _ in range(2):
        done = await rotate_data_key(kernel, tenant.info.id)
        assert (done.resumed, done.resealed, done.unreadable) == (False, 2, [PASSWORD.place(first)])
    found = await take_inventory(kernel, tenant.info.id)
    assert (found.keys, found.values, found.stale) == (3, {"sample_account.password": 3}, 1)
    assert found.unreadable == [PASSWORD.place(first)]


async def test_a_value_that_is_entered_meanwhile_is_kept(kernel, tenant, monkeypatch):
    kept = await fill(kernel, tenant, 2)
    changed = next(iter(kept))
    reveal = kernel.secrets.reveal

    async def enter_another_first(db, *, tenant_id, place, sealed):
        value = await reveal(db, tenant_id=tenant_id, place=place, sealed=sealed)
        if place == PASSWORD.place(changed):
            monkeypatch.undo()
            await db.execute(
                "UPDATE sample_account SET password = $3 WHERE tenant_id = $1 AND id = $2",
                tenant_id, changed,
                await kernel.secrets.seal(db, tenant_id=tenant_id, place=place, value=b"entered"),
            )  # fmt: skip
        return value

    monkeypatch.setattr(kernel.secrets, "reveal", enter_another_first)
    await rotate_data_key(kernel, tenant.info.id)
    assert await opened(kernel, tenant) == kept | {changed: "entered"}


async def test_without_the_old_key_nothing_opens(kernel, tenant):
    await fill(kernel, tenant, 1)
    async with kernel.databases.platform_scope() as db:
        await db.execute("DELETE FROM data_key WHERE tenant_id = $1", tenant.info.id)
    kernel.secrets.keys.forget(tenant.info.id)
    with pytest.raises(SecretUnreadable, match="the key is lost"):
        await opened(kernel, tenant)


async def test_a_new_master_key_wraps_every_data_key_and_changes_no_value(kernel, tenant):
    kept = await fill(kernel, tenant, 2)
    values, wrapped = await sealed_in(kernel, tenant), await wrapped_keys(kernel)

    assert await rewrap_data_keys(kernel) == len(wrapped)

    anew = await wrapped_keys(kernel)
    assert anew.keys() == wrapped.keys()
    assert len({master for master, _ in anew.values()}) == 1
    assert not {master for master, _ in anew.values()} & {master for master, _ in wrapped.values()}
    kernel.secrets.keys.forget(tenant.info.id)
    assert await sealed_in(kernel, tenant) == values
    assert await opened(kernel, tenant) == kept


async def test_a_change_of_master_key_that_was_interrupted_is_finished(
    kernel, tenant, other_tenant, monkeypatch
):
    for one in (tenant, other_tenant):
        await fill(kernel, one, 1)
    master = kernel.secrets.keys.master_key
    unwrap, calls = master.unwrap, 0

    async def killed_at_the_second(wrapped, context):
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        return await unwrap(wrapped, context)

    monkeypatch.setattr(master, "unwrap", killed_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        await rewrap_data_keys(kernel)
    monkeypatch.undo()
    assert len({key for key, _ in (await wrapped_keys(kernel)).values()}) == 2
    assert await rewrap_data_keys(kernel) == len(await wrapped_keys(kernel)) - 1
    assert len({key for key, _ in (await wrapped_keys(kernel)).values()}) == 1


async def wrapped_keys(kernel) -> dict[tuple[int, UUID], tuple[str, bytes]]:
    """Give the data keys as they are kept."""
    async with kernel.databases.platform_scope() as db:
        rows = await db.fetch("SELECT tenant_id, id, master_key_id, wrapped FROM data_key")
    return {(row["tenant_id"], row["id"]): (row["master_key_id"], row["wrapped"]) for row in rows}
