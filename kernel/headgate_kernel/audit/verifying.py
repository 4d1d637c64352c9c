"""Finds what was changed in a log after it was sealed.

Each link is checked by itself, set by set, inside the database: its number follows the one before it, its
entry is there, and its hash is made of the hash before it and the entry. One changed row is thus one finding,
and not all that follow. Entries that are in no chain, and do not wait to be sealed either, were put in by
hand. Cutting off the end, or writing the whole chain anew, is seen against the last verification and against
an anchor (`anchors`).

The planner knows little of a tenant that has just come, and might compare each row with each. So the entry
of a link is looked up through its key (`OFFSET 0`), and sets are compared without nested loops.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from headgate_sdk.database import Database
from headgate_sdk.i18n import N_

from headgate_kernel.audit.entries import GENESIS, TEXT, table_of
from headgate_kernel.database.database import Databases

CHUNK = 20_000
MOST_FINDINGS = 100


class Finding(msgspec.Struct, frozen=True):
    """Something that is wrong with a chain.

    Args:
        words: English msgid.
        params: for it.
    """

    words: str
    params: dict[str, object]

    def __str__(self) -> str:
        return self.words.format(**self.params)


class Verdict(msgspec.Struct, frozen=True):
    """What the verification of one chain found.

    Args:
        tenant_id: whose; 0 is the platform.
        entries: sealed entries that were read.
        waiting: entries that are not sealed yet.
        seq: of the last link.
        hash: of the last link.
        findings: what is wrong, the first hundred.
    """

    tenant_id: int
    entries: int
    waiting: int
    seq: int
    hash: bytes
    findings: Sequence[Finding]


async def verify_chain(databases: Databases, tenant_id: int, *, chunk: int = CHUNK) -> Verdict:
    """Read one chain from its beginning to its end.

    Args:
        databases: of the process.
        tenant_id: whose; 0 is the platform.
        chunk: links that are read at a time.
    """
    findings: list[Finding] = []
    entries, seq, chained = 0, 0, GENESIS
    while True:
        async with databases.platform_scope() as db:
            row = await db.fetch_row(_END_OF_CHUNK, tenant_id, seq, chunk)
            if row is None or row["seq"] is None:
                break
            findings += await _check_links(db, tenant_id, seq, chained, row["seq"])
        entries, seq, chained = entries + row["links"], row["seq"], bytes(row["hash"])
    async with databases.platform_scope() as db:
        await db.execute("SET LOCAL enable_nestloop = off")
        findings += await _check_last_time(db, tenant_id, seq)
        findings += await _check_unlinked(db, tenant_id)
        waiting = await db.fetch_value("SELECT count(*) FROM audit_unsealed WHERE tenant_id = $1", tenant_id)
    return Verdict(tenant_id, entries, waiting, seq, chained, findings[:MOST_FINDINGS])


async def record_verdict(db: Database, verdict: Verdict, now: datetime) -> None:
    """Keep what a verification found; a broken chain stays broken until a verification finds it whole.

    The head of a broken chain is not kept: the next verification compares with the last one that was whole.
    """
    await db.execute(
        """
        INSERT INTO audit_verification (tenant_id, verified_at, seq, hash, findings, first)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (tenant_id) DO UPDATE
        SET verified_at = excluded.verified_at, findings = excluded.findings,
            first = excluded.first,
            seq = CASE WHEN excluded.findings = 0 THEN excluded.seq ELSE audit_verification.seq END,
            hash = CASE WHEN excluded.findings = 0 THEN excluded.hash ELSE audit_verification.hash END
        """,
        verdict.tenant_id, now, verdict.seq, verdict.hash, len(verdict.findings),
        msgspec.json.encode(verdict.findings[0], enc_hook=str).decode() if verdict.findings else "",
    )  # fmt: skip


async def _check_links(db: Database, tenant_id: int, after: int, chained: bytes, until: int) -> list[Finding]:
    table, ours = table_of(tenant_id)
    rows = await db.fetch(
        f"""
        WITH link AS (
            SELECT s.seq, s.entry_id, s.hash, lag(s.seq, 1, $2) OVER (ORDER BY s.seq) AS seq_before,
                   lag(s.hash, 1, $4) OVER (ORDER BY s.seq) AS before
            FROM audit_seal s WHERE s.tenant_id = $1 AND s.seq > $2 AND s.seq <= $3
        )
        SELECT link.seq, link.seq_before, link.entry_id, e.text IS NULL AS removed, e.at, e.action
        FROM link LEFT JOIN LATERAL (
            SELECT e.at, e.action, {TEXT} AS text
            FROM {table} e WHERE {ours} AND e.id = link.entry_id OFFSET 0
        ) e ON true
        WHERE link.seq <> link.seq_before + 1 OR e.text IS NULL
            OR link.hash <> sha256(link.before || convert_to(e.text, 'UTF8'))
        ORDER BY link.seq LIMIT $5
        """,  # noqa: S608 (names of our own)
        tenant_id, after, until, chained, MOST_FINDINGS,
    )  # fmt: skip
    findings = []
    for row in rows:
        params = {"seq": row["seq"], "id": row["entry_id"]}
        if row["seq"] != row["seq_before"] + 1:
            findings.append(
                Finding(N_("Links #{first} to #{last} were removed."),
                        {"first": row["seq_before"] + 1, "last": row["seq"] - 1})
            )  # fmt: skip
        if row["removed"]:
            findings.append(Finding(N_("Entry #{seq} ({id}) was removed."), params))
        elif row["seq"] == row["seq_before"] + 1:
            findings.append(
                Finding(N_("Entry #{seq} ({id}, {action} at {at}) was changed, moved or exchanged."),
                        params | {"action": row["action"], "at": row["at"].isoformat(timespec="seconds")})
            )  # fmt: skip
    return findings


async def _check_last_time(db: Database, tenant_id: int, seq: int) -> list[Finding]:
    row = await db.fetch_row(
        """
        SELECT v.seq, v.verified_at, s.hash = v.hash AS same
        FROM audit_verification v LEFT JOIN audit_seal s ON s.tenant_id = $1 AND s.seq = v.seq
        WHERE v.tenant_id = $1 AND v.seq > 0
        """,
        tenant_id,
    )
    if row is None or row["same"]:
        return []
    params = {"seq": row["seq"], "at": row["verified_at"].isoformat(timespec="seconds"), "last": seq}
    if row["same"] is None:
        return [Finding(N_("The end was cut off: link #{seq} was there at {at}, now #{last} is the last."),
                        params)]  # fmt: skip
    return [Finding(N_("The chain was written anew: link #{seq} was another one at {at}."), params)]


async def _check_unlinked(db: Database, tenant_id: int) -> list[Finding]:
    table, ours = table_of(tenant_id)
    planted = await db.fetch(
        f"""
        SELECT e.id, e.at, e.action FROM {table} e
        WHERE {ours}
            AND NOT EXISTS (SELECT FROM audit_seal s WHERE s.tenant_id = $1 AND s.entry_id = e.id)
            AND NOT EXISTS (SELECT FROM audit_unsealed w WHERE w.tenant_id = $1 AND w.entry_id = e.id)
        ORDER BY e.id LIMIT $2
        """,  # noqa: S608 (names of our own)
        tenant_id, MOST_FINDINGS,
    )  # fmt: skip
    lost = await db.fetch(
        f"""
        SELECT w.entry_id FROM audit_unsealed w
        WHERE w.tenant_id = $1 AND NOT EXISTS (SELECT FROM {table} e WHERE {ours} AND e.id = w.entry_id)
        ORDER BY w.entry_id LIMIT $2
        """,  # noqa: S608 (names of our own)
        tenant_id, MOST_FINDINGS,
    )  # fmt: skip
    findings = [
        Finding(
            N_("Entry {id} ({action} at {at}) was inserted by hand: it is in no chain."),
            {"id": row["id"], "action": row["action"], "at": row["at"].isoformat(timespec="seconds")},
        )
        for row in planted
    ]
    findings += [
        Finding(N_("Entry {id} was removed before it was sealed."), {"id": row["entry_id"]}) for row in lost
    ]
    return findings


_END_OF_CHUNK = """
SELECT count(*) AS links, max(seq) AS seq, (array_agg(hash ORDER BY seq DESC))[1] AS hash
FROM (SELECT seq, hash FROM audit_seal WHERE tenant_id = $1 AND seq > $2 ORDER BY seq LIMIT $3) chunk
"""
