import json

import msgspec
import pytest
from headgate_kernel.audit.anchors import compare_with_anchor, make_anchor, read_anchor
from headgate_kernel.audit.sealing import seal_all, seal_chain
from headgate_kernel.audit.verifying import verify_chain
from headgate_sdk.errors import Invalid

from .test_chain import audit, seals, write_anew


async def kept_anchor(kernel) -> bytes:
    """Give the file that is kept elsewhere."""
    await seal_all(kernel.databases)
    return msgspec.json.format(msgspec.json.encode(await make_anchor(kernel)), indent=2)


async def compared(kernel, content: bytes, tenant_id: int) -> list[str]:
    found = await compare_with_anchor(kernel, read_anchor(content))
    return [str(finding) for finding in found.get(tenant_id, [])]


async def test_an_untouched_chain_agrees_with_an_anchor_also_after_more_deeds(kernel, tenant):
    await audit(kernel, tenant, "one")
    content = await kept_anchor(kernel)
    await audit(kernel, tenant, "two")
    await seal_chain(kernel.databases, tenant.info.id)
    assert await compared(kernel, content, tenant.info.id) == []
    assert await compared(kernel, content, 0) == []


async def test_a_chain_that_was_written_anew_with_all_rights_is_found_by_an_anchor(kernel, tenant, owner):
    await audit(kernel, tenant, "one")
    content = await kept_anchor(kernel)
    await write_anew(kernel, owner, tenant.info.id)
    await owner.execute("DELETE FROM audit_verification WHERE tenant_id = $1", tenant.info.id)
    assert (await verify_chain(kernel.databases, tenant.info.id)).findings == []  # all agrees with itself
    (found,) = await compared(kernel, content, tenant.info.id)
    assert found.startswith("The chain was written anew: link #")


async def test_a_chain_that_was_cut_off_is_found_by_an_anchor(kernel, tenant, owner):
    await audit(kernel, tenant, "one")
    content = await kept_anchor(kernel)
    last = (await seals(kernel, tenant.info.id))[-1]
    await owner.execute(
        "DELETE FROM audit_entry WHERE tenant_id = $1 AND id = $2", tenant.info.id, last["entry_id"]
    )
    await owner.execute(
        "DELETE FROM audit_seal WHERE tenant_id = $1 AND seq = $2", tenant.info.id, last["seq"]
    )
    assert (await verify_chain(kernel.databases, tenant.info.id)).findings == []
    (found,) = await compared(kernel, content, tenant.info.id)
    assert found.startswith(f"The end was cut off: link #{last['seq']} is in the anchor of ")


async def test_an_anchor_that_was_changed_is_refused(kernel, tenant):
    anchor = json.loads(await kept_anchor(kernel))
    anchor["heads"][-1]["hash"] = "00" * 32
    with pytest.raises(Invalid, match="was changed after it was signed"):
        read_anchor(json.dumps(anchor).encode())


@pytest.mark.parametrize("content", [b"", b"{}", b"no json", b'{"headgate_audit_anchor": 1}'])
def test_what_is_no_anchor_is_told(content):
    with pytest.raises(Invalid, match="is no anchor"):
        read_anchor(content)


async def test_an_anchor_signed_by_somebody_else_is_not_ours(kernel, tenant, owner):
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    anchor = read_anchor(await kept_anchor(kernel))
    stranger = Ed25519PrivateKey.generate()
    public = stranger.public_key().public_bytes_raw()
    forged = msgspec.structs.replace(anchor, public_key=public.hex(), signature="")
    forged = msgspec.structs.replace(forged, signature=stranger.sign(forged.signed_bytes()).hex())
    content = msgspec.json.encode(forged)
    assert "not signed by this installation" in (await compared(kernel, content, 0))[0]
    # nor does it help to put the public key beside ours: its private half is not sealed here
    await owner.execute(
        "INSERT INTO audit_signing_key SELECT gen_random_uuid(), $1, seed, created_at - interval '1 day' "
        "FROM audit_signing_key LIMIT 1",
        public,
    )
    assert "not signed by this installation" in (await compared(kernel, content, 0))[0]
    await owner.execute("DELETE FROM audit_signing_key WHERE public_key = $1", public)


async def test_a_tenant_that_is_gone_is_only_noted(kernel, tenant):
    anchor = read_anchor(await kept_anchor(kernel))
    gone = msgspec.structs.replace(anchor.heads[-1], tenant="gone", tenant_id=2_000_000)
    found = await compare_with_anchor(kernel, msgspec.structs.replace(anchor, heads=(*anchor.heads, gone)))
    assert "Was it erased?" in str(found[2_000_000][0])
