"""A tenant is taken out, put into another system, restored in place, erased; nobody else's rows change."""

import asyncio
import os
import secrets
import zipfile
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from headgate_kernel.database.database import Databases
from headgate_kernel.database.embedded_programs import find_programs
from headgate_kernel.database.migrations import migrate_server
from headgate_kernel.database.pool import connect
from headgate_kernel.database.server import create_database, drop_database
from headgate_kernel.portability import erasing
from headgate_kernel.portability.archive import Archive
from headgate_kernel.portability.classes import KERNEL_TABLES, PLATFORM_KEEPS, table_classes
from headgate_kernel.portability.erasing import erase_tenant
from headgate_kernel.portability.reading import import_tenant
from headgate_kernel.portability.schema import tables_of_tenants
from headgate_kernel.portability.writing import Exporter
from headgate_kernel.runtime import Kernel, migration_sources
from headgate_sdk.context import Actor
from headgate_sdk.errors import Conflict, Invalid, NotFound
from headgate_sdk.testing.checksums import changed_tables, checksums, tenant_tables
from headgate_sdk.testing.tenants import actor_of
from headgate_trade.api import search_skus, set_cart_line

from tests.shop import fill_shop

DEBIAN_PROGRAMS = Path("/usr/lib/postgresql/15/bin")  # where HEADGATE_TEST_DATABASE_URL leads in CI
OPERATOR = Actor("operator", "Operator")


@pytest.fixture
async def export(kernel, tmp_path):
    """Writes an export to a file and opens it."""
    opened = []

    async def write(slug, at=None, **options):
        connection = await connect((at or kernel).databases.server.platform)
        try:
            sealed = [(column.table, column.column) for column in kernel.secrets.columns]
            exporter = Exporter(connection, kernel.host, sealed, **options)
            path = tmp_path / f"{slug}-{len(opened)}.zip"
            with path.open("wb") as file:
                async for chunk in exporter.chunks(slug):
                    file.write(chunk)
        finally:
            await connection.close()
        opened.append(Archive(path))
        return opened[-1]

    yield write
    for archive in opened:
        archive.close()


@asynccontextmanager
async def another_installation(kernel):
    """An installation with an empty database of its own on the same server."""
    name = f"moved_{secrets.token_hex(4)}"
    await create_database(kernel.databases.server.admin, name)
    server = kernel.databases.server.on_database(name)
    try:
        await migrate_server(server, migration_sources(kernel.host))
        databases = await Databases.connect(server, migration_sources(kernel.host), most=3)
        plans = await _plans(kernel)
        async with databases.platform_scope() as db:
            await db.execute_many(
                "INSERT INTO plan (key, position, terms) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", plans
            )
        yield Kernel(kernel.settings, databases, kernel.host)
        await databases.app.close()
        await databases.platform.close()
    finally:
        await drop_database(kernel.databases.server.admin, name)


async def _plans(kernel):
    async with kernel.databases.platform_scope() as db:
        return await db.fetch("SELECT key, position, terms FROM plan")


def hashes(archive, leave_out=()):
    return {t.name: (t.rows, t.sha256) for t in archive.manifest.tables if t.name not in leave_out}


async def test_every_table_has_a_class(kernel):
    connection = await connect(kernel.databases.server.platform)
    try:
        live = {table.name: table.secured for table in await tables_of_tenants(connection)}
    finally:
        await connection.close()
    classes = table_classes(kernel.host, live)  # raises for one that nobody has classified
    assert classes["trade_order"] == "export"
    assert classes["trade_sku_search"] == "derived"
    assert sorted(KERNEL_TABLES.keys() - live.keys()) == [], "these tables are gone"
    assert not PLATFORM_KEEPS & live.keys()


async def test_what_looks_like_a_proof_or_key_is_not_exported(kernel):
    """By the names of columns, whatever a table is called."""
    connection = await connect(kernel.databases.server.platform)
    try:
        live = await tables_of_tenants(connection)
    finally:
        await connection.close()
    classes = table_classes(kernel.host, {table.name: table.secured for table in live})
    sealed = {(column.table, column.column) for column in kernel.secrets.columns}
    suspicious = [
        f"{table.name}.{column}"
        for table in live
        if classes[table.name] == "export"
        for column in table.columns
        if any(word in column for word in ("token", "password", "secret", "wrapped", "_key_hash"))
        and (table.name, column) not in sealed
    ]
    assert [name for name in suspicious if name != "trade_sku_search.tokens"] == []


async def test_an_import_elsewhere_gives_equal_hashes(kernel, shop, export):
    archive = await export(shop.tenant.info.slug)
    assert archive.manifest.people >= 6
    assert archive.manifest.files >= 1
    async with another_installation(kernel) as elsewhere:
        imported = await import_tenant(elsewhere, archive)
        assert imported.people == archive.manifest.people
        again = await export(shop.tenant.info.slug, at=elsewhere)
        assert hashes(again) == hashes(archive)
        tenant = await elsewhere.tenant(shop.tenant.info.slug)
        assert tenant.plugins == shop.tenant.plugins
        async with elsewhere.context(tenant) as ctx:
            found = await search_skus(ctx, shop.mark, include_stopped=True)
        assert len(found.items) == len(shop.skus), "the index was made again for the tenant's new number"


async def test_an_export_is_of_one_moment_while_orders_come_in(kernel, shop, export):
    """Rows that are written after the first table was read are in no table."""
    connection = await connect(kernel.databases.server.platform)
    exporter = Exporter(connection, kernel.host, [])
    parts = []
    async for chunk in exporter.chunks(shop.tenant.info.slug):
        parts.append(chunk)
        if len(parts) == 1:
            async with kernel.context(shop.tenant, actor=await actor_of(kernel, shop.tenant, "buyer")) as ctx:
                await set_cart_line(ctx, shop.skus["fee"], "个", Decimal(7))
    await connection.close()
    first = {table.name: table.rows for table in exporter.manifest.tables}
    after = {table.name: table.rows for table in (await export(shop.tenant.info.slug)).manifest.tables}
    assert after["trade_cart_line"] == first["trade_cart_line"] + 1


async def test_secrets_are_left_out_and_told(kernel, shop, export):
    archive = await export(shop.tenant.info.slug)
    names = {table.name for table in archive.manifest.tables}
    assert not names & {"data_key", "api_token", "session", "invitation", "job"}
    with zipfile.ZipFile(archive._zip.filename) as raw:
        text = b"".join(raw.read(name) for name in raw.namelist())
    async with kernel.databases.platform_scope() as db:
        kept = await db.fetch("SELECT wrapped FROM data_key WHERE tenant_id = $1", shop.tenant.info.id)
    assert not [row for row in kept if row["wrapped"].hex().encode() in text]


async def test_a_restore_puts_one_tenant_back_and_touches_no_other(kernel, shop, export, new_tenant):
    neighbour = (await fill_shop(kernel, await new_tenant(), open_orders=False)).tenant
    tables = await tenant_tables(kernel)
    archive = await export(shop.tenant.info.slug, with_secrets=True)
    before, others = hashes(archive), await checksums(kernel, [neighbour], tables)
    async with kernel.databases.platform_scope() as db:  # the accident
        await db.execute("DELETE FROM trade_cart_line WHERE tenant_id = $1", shop.tenant.info.id)
        await db.execute("UPDATE trade_sku SET name = 'gone' WHERE tenant_id = $1", shop.tenant.info.id)
    assert hashes(await export(shop.tenant.info.slug)) != before
    await import_tenant(kernel, archive, replace=True)
    restored = await kernel.tenant(shop.tenant.info.slug)
    assert restored.info.id == shop.tenant.info.id
    assert hashes(await export(shop.tenant.info.slug, with_secrets=True)) == before
    assert changed_tables(others, await checksums(kernel, [neighbour], tables)) == []


async def test_the_runbook_brings_one_tenant_back_from_a_backup(kernel, shop, export, new_tenant, tmp_path):
    """As docs/operators.md tells it: dump, accident, scratch database, export there, import here."""
    neighbour = (await fill_shop(kernel, await new_tenant(), open_orders=False)).tenant
    tables = await tenant_tables(kernel)
    before = hashes(await export(shop.tenant.info.slug, with_secrets=True))
    dump = tmp_path / "nightly.dump"
    await _run("pg_dump", "--format=custom", f"--file={dump}", kernel.databases.server.admin)
    async with kernel.databases.platform_scope() as db:  # the accident, and what others did since
        await db.execute("DELETE FROM trade_cart_line WHERE tenant_id = $1", shop.tenant.info.id)
        await db.execute(
            "UPDATE trade_customer SET name = name || ' & Co' WHERE tenant_id = $1", neighbour.info.id
        )
    others = await checksums(kernel, [neighbour], tables)
    scratch = f"scratch_{secrets.token_hex(4)}"
    await create_database(kernel.databases.server.admin, scratch)
    try:
        server = kernel.databases.server.on_database(scratch)
        await _run("pg_restore", "--exit-on-error", f"--dbname={server.admin}", str(dump))
        connection = await connect(server.admin)
        path = tmp_path / "one.zip"
        with path.open("wb") as file:
            async for chunk in Exporter(connection, kernel.host, [], with_secrets=True).chunks(
                shop.tenant.info.slug
            ):
                file.write(chunk)
        await connection.close()
    finally:
        await drop_database(kernel.databases.server.admin, scratch)
    archive = Archive(path)
    await import_tenant(kernel, archive, replace=True)
    archive.close()
    assert hashes(await export(shop.tenant.info.slug, with_secrets=True)) == before
    assert changed_tables(others, await checksums(kernel, [neighbour], tables)) == []


async def _run(program, *arguments):
    """Run one of PostgreSQL's programs, of the server's own version."""
    configured = os.environ.get("HEADGATE_TEST_DATABASE_URL")
    folder = DEBIAN_PROGRAMS if configured else find_programs()
    process = await asyncio.create_subprocess_exec(
        folder / program, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    told, _ = await process.communicate()
    assert process.returncode == 0, told.decode()


async def test_an_export_with_keys_goes_nowhere_else(kernel, shop, export):
    archive = await export(shop.tenant.info.slug, with_secrets=True)
    with pytest.raises(Invalid, match="restore it there"):
        await import_tenant(kernel, archive, slug=f"{shop.tenant.info.slug}-copy")


async def test_a_copy_beside_the_original_shares_its_people(kernel, shop, export):
    archive = await export(shop.tenant.info.slug)
    slug = f"{shop.tenant.info.slug}-copy"
    imported = await import_tenant(kernel, archive, slug=slug)
    assert (imported.people, imported.known_people > 0) == (0, True)
    leave_out = {"tenant_host"}
    assert hashes(await export(slug), leave_out) == hashes(archive, leave_out)


async def test_a_taken_name_is_refused_and_nothing_is_written(kernel, shop, export):
    archive = await export(shop.tenant.info.slug)
    before = await checksums(kernel, [shop.tenant], await tenant_tables(kernel))
    with pytest.raises(Conflict, match="already"):
        await import_tenant(kernel, archive)
    with pytest.raises(Conflict, match="no tenant called"):
        await import_tenant(kernel, archive, slug="nobody-has-this", replace=True)
    assert changed_tables(before, await checksums(kernel, [shop.tenant], await tenant_tables(kernel))) == []


async def test_a_damaged_archive_is_refused_before_anything_is_written(kernel, shop, export, tmp_path):
    archive = await export(shop.tenant.info.slug)
    broken = tmp_path / "broken.zip"
    with zipfile.ZipFile(archive._zip.filename) as whole, zipfile.ZipFile(broken, "w") as copy:
        for name in whole.namelist():
            content = whole.read(name)
            copy.writestr(name, content.replace(b"1", b"2") if name == "tables/trade_sku.csv" else content)
    with pytest.raises(Invalid, match="trade_sku is not what was written"):
        await import_tenant(kernel, Archive(broken), slug="broken-copy")
    cut = tmp_path / "cut.zip"
    cut.write_bytes(broken.read_bytes()[:5000])
    with pytest.raises(Invalid, match="cut off"):
        Archive(cut)
    with pytest.raises(NotFound):
        await kernel.tenant("broken-copy")


async def test_an_erased_tenant_leaves_nothing_but_what_the_law_wants(kernel, shop, new_tenant, client_for):
    neighbour = (await fill_shop(kernel, await new_tenant(), open_orders=False)).tenant
    tables = await tenant_tables(kernel)
    others = await checksums(kernel, [neighbour], tables)
    slug, number = shop.tenant.info.slug, shop.tenant.info.id
    owner = await client_for(shop.tenant, "owner")
    for _ in range(2):  # made and committed, then held
        async with kernel.databases.platform_scope() as db:
            await kernel.secrets.keys.in_use(db, number)
    assert number in {held for held, _ in kernel.secrets.keys._held}
    certificate = await erase_tenant(kernel, slug, by=OPERATOR, reason="the contract ended", settle=0)
    assert number not in {held for held, _ in kernel.secrets.keys._held}, "its keys are not held either"
    assert certificate.left == 0
    assert certificate.rows["trade_order"] > 0
    assert certificate.people >= 6
    assert certificate.rows["audit_entry"] > 0
    assert (await owner.get("/settings/people")).status_code == 404
    with pytest.raises(NotFound):
        await kernel.tenant(slug)
    assert await checksums(kernel, [shop.tenant], tables) == {}
    connection = await connect(kernel.databases.server.platform)
    try:
        for table in await tables_of_tenants(connection):
            count = await connection.fetchval(
                f'SELECT count(*) FROM "{table.name}" WHERE tenant_id = $1', number
            )
            assert count == 0, table.name
        everything = await _columns_with_text(connection, slug)
    finally:
        await connection.close()
    assert everything <= {"retained_archive.slug", "retained_archive.name", "retained_archive.certificate",
                          "platform_audit_entry.subject", "platform_audit_entry.details"}  # fmt: skip
    assert changed_tables(others, await checksums(kernel, [neighbour], tables)) == []
    await _check_archive(kernel, certificate)


async def _check_archive(kernel, certificate):
    async with kernel.databases.platform_scope() as db:
        row = await db.fetch_row("SELECT * FROM retained_archive WHERE id = $1", certificate.archive_id)
        assert msgspec.json.decode(row["certificate"])["left"] == 0
        content = await kernel.secrets.reveal(
            db, tenant_id=0, place=f"{erasing.ARCHIVE_PLACE}:{certificate.archive_id}", sealed=row["content"]
        )
    assert content[:2] == b"PK"
    assert bytes(row["content"][:2]) != b"PK"
    assert {kept.table for kept in certificate.retained} <= set(erasing.retention(kernel))
    years = (row["keep_until"] - row["erased_at"]).days / 365.25
    assert years == pytest.approx(3, abs=0.1)


async def _columns_with_text(connection, word):
    """Name the columns of all tables in which a text stands."""
    found = set()
    for row in await connection.fetch(
        "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
        "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 "
        "AND NOT a.attisdropped"
    ):
        query = f'SELECT EXISTS (SELECT FROM "{row["relname"]}" WHERE "{row["attname"]}"::text LIKE $1)'
        if await connection.fetchval(query, f"%{word}%"):
            found.add(f"{row['relname']}.{row['attname']}")
    return found


async def test_a_person_of_two_distributors_outlives_the_erasure_of_one(kernel, shop, export):
    archive = await export(shop.tenant.info.slug)
    copy = f"{shop.tenant.info.slug}-copy"
    await import_tenant(kernel, archive, slug=copy)
    certificate = await erase_tenant(kernel, copy, by=OPERATOR, reason="a test", settle=0)
    assert certificate.people == 0
    assert (await kernel.tenant(shop.tenant.info.slug)).state == "active"
    async with kernel.databases.platform_scope() as db:
        left = await db.fetch_value(
            "SELECT count(*) FROM membership m JOIN person p ON p.id = m.person_id WHERE m.tenant_id = $1",
            shop.tenant.info.id,
        )
    assert left == archive.manifest.people
