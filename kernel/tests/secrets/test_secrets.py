import asyncio
import logging
import pickle
from uuid import uuid4

import httpx
import msgspec
import pytest
from headgate_kernel.secrets import Secrets
from headgate_kernel.secrets.envelope import key_id_of
from headgate_kernel.secrets.in_api import SecretsInApi
from headgate_sdk.clock import SystemClock
from headgate_sdk.errors import SecretUnreadable
from headgate_sdk.secrets import SealedColumn, Secret
from litestar import Litestar, post

COLUMNS = (
    SealedColumn("sample_account", "password"),
    SealedColumn("sample_account", "token"),
    SealedColumn("sample_person", "seed", platform=True),
)


@pytest.fixture
def vault(kernel) -> Secrets:
    return vault_of(kernel)


def vault_of(kernel) -> Secrets:
    """A keeper of its own, as another process has."""
    return Secrets(kernel.databases, kernel.secrets.keys.master_key, COLUMNS, SystemClock())


async def test_what_is_sealed_is_revealed_in_its_place_by_any_process(kernel, tenant, vault):
    place = f"sample_account:password:{uuid4()}"
    async with kernel.context(tenant) as ctx:
        sealed = await vault.seal(ctx.db, tenant_id=tenant.info.id, place=place, value="口令".encode())
    assert "口令".encode() not in sealed
    async with kernel.context(tenant) as ctx:
        other = vault_of(kernel)
        found = await other.reveal(ctx.db, tenant_id=tenant.info.id, place=place, sealed=sealed)
    assert found.decode() == "口令"


async def test_the_same_value_is_never_sealed_twice_alike(kernel, tenant, vault):
    async with kernel.context(tenant) as ctx:
        sealed = {
            await vault.seal(ctx.db, tenant_id=tenant.info.id, place="sample_account:token:1", value=b"x")
            for _ in range(50)
        }
    assert len(sealed) == 50


@pytest.mark.parametrize(
    "elsewhere",
    ["sample_account:password:2", "sample_account:token:1"],
    ids=["another row", "another column"],
)
async def test_a_ciphertext_that_is_moved_does_not_open(kernel, tenant, vault, elsewhere):
    async with kernel.context(tenant) as ctx:
        sealed = await vault.seal(
            ctx.db, tenant_id=tenant.info.id, place="sample_account:password:1", value=b"x"
        )
        with pytest.raises(SecretUnreadable, match="was changed, or sealed for another place"):
            await vault.reveal(ctx.db, tenant_id=tenant.info.id, place=elsewhere, sealed=sealed)


async def test_a_ciphertext_of_another_tenant_does_not_open(kernel, tenant, other_tenant, vault):
    place = "sample_account:password:1"
    async with kernel.context(tenant) as ctx:
        sealed = await vault.seal(ctx.db, tenant_id=tenant.info.id, place=place, value=b"x")
    async with kernel.context(other_tenant) as ctx:
        with pytest.raises(SecretUnreadable, match="not one of this distributor's"):
            await vault.reveal(ctx.db, tenant_id=other_tenant.info.id, place=place, sealed=sealed)
        with pytest.raises(ValueError, match="asks for a secret of tenant"):
            await vault.reveal(ctx.db, tenant_id=tenant.info.id, place=place, sealed=sealed)


async def test_a_data_key_that_is_given_to_another_tenant_does_not_unwrap(
    kernel, tenant, other_tenant, vault
):
    place = "sample_account:password:1"
    async with kernel.context(tenant) as ctx:
        sealed = await vault.seal(ctx.db, tenant_id=tenant.info.id, place=place, value=b"x")
    async with kernel.databases.platform_scope() as db:
        await db.execute(
            "INSERT INTO data_key SELECT $2, id, wrapped, master_key_id, created_at, NULL FROM data_key "
            "WHERE tenant_id = $1",
            tenant.info.id, other_tenant.info.id,
        )  # fmt: skip
    async with kernel.context(other_tenant) as ctx:
        with pytest.raises(SecretUnreadable, match="its row was changed or moved"):
            await vault.reveal(ctx.db, tenant_id=other_tenant.info.id, place=place, sealed=sealed)
    async with kernel.databases.platform_scope() as db:
        await db.execute("DELETE FROM data_key WHERE tenant_id = $1", other_tenant.info.id)


async def test_any_flipped_bit_is_noticed(kernel, tenant, vault):
    place = "sample_account:password:1"
    async with kernel.context(tenant) as ctx:
        sealed = await vault.seal(ctx.db, tenant_id=tenant.info.id, place=place, value=b"secret")
        for position in range(len(sealed)):
            broken = bytearray(sealed)
            broken[position] ^= 1
            with pytest.raises(SecretUnreadable):
                await vault.reveal(ctx.db, tenant_id=tenant.info.id, place=place, sealed=bytes(broken))
        for length in range(len(sealed)):
            with pytest.raises(SecretUnreadable):
                await vault.reveal(ctx.db, tenant_id=tenant.info.id, place=place, sealed=sealed[:length])


@pytest.mark.parametrize(
    ("place", "tenant_id", "words"),
    [
        ("sample_account:pin:1", 1, "not declared as sealed"),
        ("sample_account", 1, "is not a place"),
        ("sample_person:seed:1", 1, "is sealed for the platform"),
        ("sample_account:token:1", 0, "is sealed for its tenant"),
    ],
)
async def test_only_declared_places_take_sealed_values(kernel, vault, place, tenant_id, words):
    async with kernel.databases.platform_scope() as db:
        with pytest.raises(ValueError, match=words):
            await vault.seal(db, tenant_id=tenant_id, place=place, value=b"x")


async def test_many_who_seal_at_once_make_one_key(kernel, tenant):
    async def seal(number: int) -> bytes:
        async with kernel.context(tenant) as ctx:
            return await vault_of(kernel).seal(
                ctx.db, tenant_id=tenant.info.id, place=f"sample_account:token:{number}", value=b"x"
            )

    sealed = await asyncio.gather(*(seal(number) for number in range(6)))
    assert len({key_id_of(one) for one in sealed}) == 1


async def test_a_key_of_a_transaction_that_was_undone_is_used_no_more(kernel, tenant, vault):
    place = "sample_account:password:1"

    async def seal_and_fail() -> None:
        async with kernel.databases.platform_scope() as db:
            await vault.seal(db, tenant_id=tenant.info.id, place=place, value=b"x")
            raise RuntimeError("undone")

    with pytest.raises(RuntimeError):
        await seal_and_fail()
    async with kernel.databases.platform_scope() as db:
        sealed = await vault.seal(db, tenant_id=tenant.info.id, place=place, value=b"x")
    async with kernel.context(tenant) as ctx:
        assert await vault_of(kernel).reveal(
            ctx.db, tenant_id=tenant.info.id, place=place, sealed=sealed
        ) == b"x"  # fmt: skip


async def test_the_app_role_sees_no_keys(kernel, tenant):
    import asyncpg

    async with kernel.context(tenant) as ctx:
        for statement in ("SELECT 1 FROM data_key", "SELECT 1 FROM audit_signing_key"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with ctx.db.savepoint():
                    await ctx.db.fetch(statement)


async def test_a_context_seals_what_its_plugin_declared(kernel, tenant):
    place = SealedColumn("sample_account", "password").place(uuid4())
    async with kernel.context(tenant) as ctx:
        sealed = await ctx.seal(place, Secret("口令"))
        assert await ctx.reveal(place, sealed) == Secret("口令")
        with pytest.raises(ValueError, match="not declared as sealed"):
            await ctx.seal("sample_note:text:1", Secret("x"))


# -- the type ----------------------------------------------------------------------------------------------


def test_a_secret_never_shows(caplog):
    secret = Secret("hunter2")
    logging.getLogger("tests").error("%s %r", secret, secret)
    shown = [
        repr(secret), str(secret), f"{secret}", f"{secret!r:>20}", f"{secret:>20}", repr([secret]),
        msgspec.json.encode({"a": secret}, enc_hook=str).decode(), caplog.text,
    ]  # fmt: skip
    assert not [text for text in shown if "hunter2" in text]
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        hash(secret)
    assert secret.reveal() == "hunter2"
    assert secret == Secret("hunter2")
    assert secret != Secret("hunter3")
    assert secret != "hunter2"
    assert secret
    assert not Secret("")


class Account(msgspec.Struct):
    name: str
    password: Secret


async def test_an_api_takes_a_secret_and_never_gives_it_back():
    taken: list[Secret] = []

    @post("/account")
    async def account(data: Account) -> Account:
        taken.append(data.password)
        return data

    app = Litestar([account], plugins=[SecretsInApi()], logging_config=None)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://here") as client:
        answer = await client.post("/account", json={"name": "a", "password": "hunter2"})
        refused = await client.post("/account", json={"name": "a", "password": {"hunter2": 1}})
    assert taken == [Secret("hunter2")]
    assert answer.json() == {"name": "a", "password": "••••"}
    assert refused.status_code == 400
    assert "hunter2" not in refused.text
    described = app.openapi_schema.to_schema()["components"]["schemas"]
    (schema,) = (s for name, s in described.items() if name.endswith("Account"))
    assert schema["properties"]["password"] == {"type": "string", "format": "password", "writeOnly": True}
