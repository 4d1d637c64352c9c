import asyncio
import hashlib
import time

import pytest
from headgate_kernel.audit.entries import GENESIS, TEXT
from headgate_kernel.audit.jobs import verify_one
from headgate_kernel.audit.sealing import seal_all, seal_chain
from headgate_kernel.audit.verifying import record_verdict, verify_chain
from headgate_kernel.jobs.kinds import NoDetails
from headgate_sdk.testing.audit_log import write_entries

MANY = 20_000


async def seals(kernel, tenant_id: int) -> list:
    async with kernel.databases.platform_scope() as db:
        return await db.fetch(
            "SELECT seq, entry_id, hash FROM audit_seal WHERE tenant_id = $1 ORDER BY seq", tenant_id
        )


async def audit(kernel, tenant, subject: str) -> None:
    async with kernel.context(tenant) as ctx:
        await ctx.audit("test.deed", subject)


async def findings(kernel, tenant, **options: int) -> list[str]:
    return [str(one) for one in (await verify_chain(kernel.databases, tenant.info.id, **options)).findings]


# -- sealing -----------------------------------------------------------------------------------------------


async def test_each_hash_covers_the_entry_and_all_before_it(kernel, tenant, owner):
    for subject in ("first", '第二 "quoted" \\ \n', "third"):
        await audit(kernel, tenant, subject)
    await seal_chain(kernel.databases, tenant.info.id)
    rows = await owner.fetch(
        f"SELECT s.seq, s.hash, {TEXT} AS text FROM audit_seal s JOIN audit_entry e "
        "ON e.tenant_id = s.tenant_id AND e.id = s.entry_id WHERE s.tenant_id = $1 ORDER BY s.seq",
        tenant.info.id,
    )
    chained = GENESIS
    for number, row in enumerate(rows, 1):
        chained = hashlib.sha256(chained + row["text"].encode()).digest()
        assert (row["seq"], row["hash"]) == (number, chained)
    assert await seal_chain(kernel.databases, tenant.info.id) == 0


async def test_an_entry_that_is_committed_late_is_sealed_late_and_none_is_lost(kernel, tenant):
    async with kernel.context(tenant) as slow:
        await slow.audit("test.deed", "slow")  # its id is made here, before all others

        async def others() -> None:
            for number in range(5):
                await audit(kernel, tenant, f"quick {number}")
            await seal_chain(kernel.databases, tenant.info.id)

        await asyncio.create_task(others())
    before = await seals(kernel, tenant.info.id)
    assert await seal_chain(kernel.databases, tenant.info.id) == 1
    after = await seals(kernel, tenant.info.id)
    assert after[:-1] == before
    assert after[-1]["entry_id"] < before[-1]["entry_id"]
    assert await findings(kernel, tenant) == []


async def test_sealers_at_once_make_one_chain(kernel, tenant):
    async def write_and_seal(number: int) -> None:
        for step in range(10):
            await audit(kernel, tenant, f"{number}.{step}")
            await seal_chain(kernel.databases, tenant.info.id, batch=3)

    await asyncio.gather(*(write_and_seal(number) for number in range(3)))
    await seal_chain(kernel.databases, tenant.info.id)
    rows = await seals(kernel, tenant.info.id)
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    async with kernel.databases.platform_scope() as db:
        entries = await db.fetch_value(
            "SELECT count(*) FROM audit_entry WHERE tenant_id = $1", tenant.info.id
        )
        waiting = await db.fetch_value(
            "SELECT count(*) FROM audit_unsealed WHERE tenant_id = $1", tenant.info.id
        )
    assert (len(rows), waiting) == (entries, 0)
    assert await findings(kernel, tenant, chunk=7) == []


async def test_tenants_and_the_platform_have_chains_of_their_own(kernel, tenant, other_tenant):
    await audit(kernel, tenant, "here")
    await audit(kernel, other_tenant, "there")
    await seal_all(kernel.databases)
    ours, theirs = await seals(kernel, tenant.info.id), await seals(kernel, other_tenant.info.id)
    assert [row["seq"] for row in ours] == list(range(1, len(ours) + 1))
    assert not {row["hash"] for row in ours} & {row["hash"] for row in theirs}
    assert await findings(kernel, tenant) == await findings(kernel, other_tenant) == []


async def test_a_log_that_moves_to_another_number_stays_whole(kernel, tenant, owner):
    """As it does when a distributor is taken to another installation."""
    await audit(kernel, tenant, "one")
    await seal_chain(kernel.databases, tenant.info.id)
    number = 900_002
    for table in ("audit_entry", "audit_seal"):
        rows = await owner.fetch(f"SELECT * FROM {table} WHERE tenant_id = $1", tenant.info.id)
        await owner.copy_records_to_table(table, records=[(number, *tuple(row)[1:]) for row in rows])
    verdict = await verify_chain(kernel.databases, number)
    assert verdict.entries > 0
    assert verdict.findings == []


# -- verifying: one row among twenty thousand --------------------------------------------------------------

THE_ENTRY = "tenant_id = $1 AND id = (SELECT entry_id FROM audit_seal WHERE tenant_id = $1 AND seq = 12345)"
CHANGED = (
    "Entry #12345 ({id}, trade.prices.set at 2026-01-01T03:25:45+00:00) was changed, moved or exchanged."
)
FAULTS = {
    "flipped": (
        f"UPDATE audit_entry SET details = jsonb_set(details, '{{after}}', '0') WHERE {THE_ENTRY}",
        [CHANGED],
    ),
    "another actor": (f"UPDATE audit_entry SET person_id = gen_random_uuid() WHERE {THE_ENTRY}", [CHANGED]),
    "a microsecond": (
        f"UPDATE audit_entry SET at = at + interval '1 microsecond' WHERE {THE_ENTRY}",
        [CHANGED],
    ),
    "removed": (f"DELETE FROM audit_entry WHERE {THE_ENTRY}", ["Entry #12345 ({id}) was removed."]),
    "removed with its link": (
        """
        WITH gone AS (DELETE FROM audit_seal WHERE tenant_id = $1 AND seq = 12345 RETURNING entry_id)
        DELETE FROM audit_entry WHERE tenant_id = $1 AND id = (SELECT entry_id FROM gone)
        """,
        ["Links #12345 to #12345 were removed."],
    ),
    "inserted": (
        """
        INSERT INTO audit_entry (tenant_id, id, at, actor_name, action, subject, details)
        VALUES ($1, '018bcfe5-8f10-7000-8000-000000000000', '2026-01-01', 'Mei', 'test.deed', '', '{}')
        """,
        ["Entry 018bcfe5-8f10-7000-8000-000000000000 (test.deed at 2026-01-01T00:00:00+00:00) was inserted"],
    ),
    "reordered": (
        """
        UPDATE audit_seal s SET hash = o.hash FROM audit_seal o
        WHERE s.tenant_id = $1 AND o.tenant_id = $1 AND (s.seq, o.seq) IN ((12345, 12346), (12346, 12345))
        """,
        ["Entry #12345", "Entry #12346", "Entry #12347"],
    ),
    "exchanged": (
        """
        UPDATE audit_entry e SET (at, actor_name, details) = (o.at, o.actor_name, o.details)
        FROM audit_entry o, audit_seal a, audit_seal b
        WHERE e.tenant_id = $1 AND o.tenant_id = $1 AND a.tenant_id = $1 AND b.tenant_id = $1
            AND e.id = a.entry_id AND o.id = b.entry_id AND (a.seq, b.seq) IN ((12345, 12346), (12346, 12345))
        """,
        ["Entry #12345", "Entry #12346"],
    ),
    "a hash": (
        "UPDATE audit_seal SET hash = sha256(hash) WHERE tenant_id = $1 AND seq = 12345",
        ["Entry #12345", "Entry #12346"],
    ),
}


@pytest.fixture(scope="module")
async def long_log(kernel):
    """Number of a tenant with a long sealed log, whose verification takes a moment."""
    from headgate_kernel.database.pool import connect

    number = 900_001
    connection = await connect(kernel.databases.server.admin)
    await write_entries(connection, number, MANY)
    await connection.close()
    assert await seal_chain(kernel.databases, number) == MANY
    return number


async def test_a_long_log_that_nobody_touched_is_whole(kernel, long_log):
    began = time.perf_counter()
    verdict = await verify_chain(kernel.databases, long_log)
    seconds = time.perf_counter() - began
    print(f"{MANY / seconds:,.0f} entries a second")
    assert (verdict.entries, verdict.seq, verdict.waiting, verdict.findings) == (MANY, MANY, 0, [])
    assert seconds < MANY / 1_000_000 * 60  # a million in less than a minute


@pytest.mark.parametrize("chunk", [20_000, 12_344])
@pytest.mark.parametrize("fault", FAULTS)
async def test_one_row_among_many_is_found_and_named(kernel, long_log, owner, fault, chunk):
    statement, expected = FAULTS[fault]
    kept = await seals(kernel, long_log)
    entry = kept[12_344]["entry_id"]
    near = [row["entry_id"] for row in kept[12_340:12_350]]
    entries = await owner.fetch(
        "SELECT * FROM audit_entry WHERE tenant_id = $1 AND id = ANY($2)", long_log, near
    )
    await owner.execute(statement, long_log)
    try:
        verdict = await verify_chain(kernel.databases, long_log, chunk=chunk)
    finally:
        await owner.execute(
            "DELETE FROM audit_entry WHERE tenant_id = $1 AND (id = ANY($2) OR action = 'test.deed')",
            long_log,
            near,
        )
        await owner.copy_records_to_table("audit_entry", records=[tuple(row) for row in entries])
        await owner.execute("DELETE FROM audit_seal WHERE tenant_id = $1", long_log)
        await owner.copy_records_to_table("audit_seal", records=[(long_log, *row) for row in kept])
    for finding, words in zip(verdict.findings, expected, strict=True):
        assert str(finding).startswith(words.format(id=entry))


async def test_a_chain_that_was_cut_off_is_found_against_the_last_verification(kernel, tenant, owner):
    for number in range(3):
        await audit(kernel, tenant, str(number))
    await verify_one(kernel, tenant.info.id, NoDetails())
    last = (await seals(kernel, tenant.info.id))[-1]
    await owner.execute(
        "DELETE FROM audit_entry WHERE tenant_id = $1 AND id = $2", tenant.info.id, last["entry_id"]
    )
    await owner.execute(
        "DELETE FROM audit_seal WHERE tenant_id = $1 AND seq = $2", tenant.info.id, last["seq"]
    )
    for _ in range(2):  # the second verification does not take the broken chain for the good one
        await verify_one(kernel, tenant.info.id, NoDetails())
        (found,) = await findings(kernel, tenant)
        assert found.startswith(f"The end was cut off: link #{last['seq']} was there at ")
    async with kernel.databases.platform_scope() as db:
        told = await db.fetch_row(
            "SELECT action, details FROM platform_audit_entry WHERE subject = $1 ORDER BY id DESC LIMIT 1",
            tenant.info.slug,
        )
    assert told["action"] == "audit.not_whole"
    assert "was cut off" in told["details"]


async def test_a_chain_that_was_written_anew_is_found_against_the_last_verification(kernel, tenant, owner):
    for number in range(3):
        await audit(kernel, tenant, str(number))
    await verify_one(kernel, tenant.info.id, NoDetails())
    await write_anew(kernel, owner, tenant.info.id)
    (found,) = await findings(kernel, tenant)
    assert found.startswith("The chain was written anew: link #")


async def test_an_entry_that_is_removed_before_it_is_sealed_is_missed(kernel, tenant, owner):
    await seal_chain(kernel.databases, tenant.info.id)
    await audit(kernel, tenant, "soon gone")
    await owner.execute(
        "DELETE FROM audit_entry WHERE tenant_id = $1 AND subject = 'soon gone'", tenant.info.id
    )
    await seal_chain(kernel.databases, tenant.info.id)
    (found,) = await findings(kernel, tenant)
    assert found.endswith("was removed before it was sealed.")


async def test_a_verdict_that_is_whole_is_kept(kernel, tenant):
    await audit(kernel, tenant, "one")
    await seal_chain(kernel.databases, tenant.info.id)
    verdict = await verify_chain(kernel.databases, tenant.info.id)
    async with kernel.databases.platform_scope() as db:
        await record_verdict(db, verdict, kernel.clock.now())
        row = await db.fetch_row("SELECT * FROM audit_verification WHERE tenant_id = $1", tenant.info.id)
    assert (row["seq"], row["hash"], row["findings"]) == (verdict.seq, verdict.hash, 0)


async def write_anew(kernel, owner, tenant_id: int) -> None:
    """Change the first entry and make the whole chain agree with it, as somebody with all rights could."""
    await owner.execute(
        "UPDATE audit_entry SET actor_name = 'somebody else' WHERE tenant_id = $1 AND id = "
        "(SELECT entry_id FROM audit_seal WHERE tenant_id = $1 AND seq = 1)",
        tenant_id,
    )
    await owner.execute(
        "WITH gone AS (DELETE FROM audit_seal WHERE tenant_id = $1 RETURNING entry_id) "
        "INSERT INTO audit_unsealed SELECT $1, entry_id FROM gone",
        tenant_id,
    )
    await seal_chain(kernel.databases, tenant_id)
