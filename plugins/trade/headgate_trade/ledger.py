"""The ledger: immutable transfers between accounts; a balance is a fold of them, a correction is a new one.

A customer's *receivable* is debited when goods leave and credited by a credit note; the other leg is the
tenant's revenue or returns. An order first makes a *pending* transfer, which the customer's account shows
apart; `post` makes it count, `void` makes it go. Only customers' accounts keep their sums as a projection: a
tenant's revenue is one hot row that every order would queue for.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID, uuid5

import msgspec
from headgate_sdk.context import Context, TenantInfo
from headgate_sdk.ids import new_id

OwnAccount = Literal["revenue", "returns", "cash"]
Side = Literal["debit", "credit"]
Ending = Literal["post", "void"]

_OWN_ACCOUNTS = UUID("5f0c3a52-6f0e-5c2b-9d1e-0b7a4f1f2d60")


class NewTransfer(msgspec.Struct, frozen=True):
    """A transfer between a customer's receivable and an account of the tenant.

    Args:
        customer_id: whose receivable.
        side: what happens to it: a debit is owed more, a credit is owed less.
        against: the tenant's account on the other side.
        amount: in minor units of the tenant's currency.
        document_type: e.g. `credit_note`.
        document_id: which one.
        document_number: as people know it.
        at: when.
    """

    customer_id: UUID
    side: Side
    against: OwnAccount
    amount: int
    document_type: str
    document_id: UUID
    document_number: str
    at: datetime


class LedgerDifference(msgspec.Struct, frozen=True):
    """Something in the books that does not add up: a fault of the program.

    Args:
        what: `posted`, `pending`, or `ending` for a post or void that is not like its pending transfer.
        id: of the account, or of the transfer.
        kept: what is stored.
        folded: what the history gives.
    """

    what: str
    id: UUID
    kept: int
    folded: int


def own_account(tenant: TenantInfo, kind: OwnAccount) -> UUID:
    """Give the id of an account of the tenant itself: derived, so that no order has to look it up."""
    return uuid5(_OWN_ACCOUNTS, f"{tenant.id}/{kind}/{tenant.currency}")


async def post_transfers(ctx: Context, transfers: Sequence[NewTransfer]) -> None:
    """Book transfers that count at once, in one statement."""
    if not transfers:
        return
    ordered = sorted(transfers, key=lambda transfer: transfer.customer_id)
    debits = [transfer.side == "debit" for transfer in ordered]
    await ctx.db.execute(
        _POST,
        ctx.tenant.id, ctx.tenant.currency, ctx.actor.name,
        [new_id() for _ in ordered], [t.customer_id for t in ordered], debits,
        [own_account(ctx.tenant, t.against) for t in ordered], [t.against for t in ordered],
        [t.amount for t in ordered], [t.document_type for t in ordered], [t.document_id for t in ordered],
        [t.document_number for t in ordered], [t.at for t in ordered], [new_id() for _ in ordered],
    )  # fmt: skip


async def end_holds(
    ctx: Context, document_ids: Sequence[UUID], phase: Ending, *, at: datetime, actor: str
) -> int:
    """Post or void the one hold of each document, where it has not ended; doing it again changes nothing.

    Args:
        ctx: the unit of work; its workflow has locked the documents.
        document_ids: of orders.
        phase: `post` makes the amounts owed, `void` lets them go.
        at: when.
        actor: who, as it is kept.

    Returns:
        How many holds ended.
    """
    return int(
        await ctx.db.fetch_value(
            _END, ctx.tenant.id, list(document_ids), [new_id() for _ in document_ids], phase, at, actor
        )
    )


async def ledger_differences(ctx: Context) -> list[LedgerDifference]:
    """Compare the projections with the fold of the transfers; an empty list is the only right answer.

    Debits equal credits by construction, each row being both, as long as a post or void repeats accounts,
    amount and currency of the transfer that it ends: that is checked too.
    """
    return await ctx.db.fetch_as(LedgerDifference, _DIFFERENCES, ctx.tenant.id)


# The customer's row is written before the transfers, so their foreign keys find it; own accounts likewise.
_POST = """
WITH coming AS MATERIALIZED (
    SELECT *
    FROM unnest($4::uuid[], $5::uuid[], $6::boolean[], $7::uuid[], $8::text[], $9::bigint[], $10::text[],
                $11::uuid[], $12::text[], $13::timestamptz[], $14::uuid[])
        AS c(id, customer_id, debit, own_id, own_kind, amount, document_type, document_id, document_number,
             at, account_id)
), own AS (
    INSERT INTO trade_account (tenant_id, id, kind, currency)
    SELECT DISTINCT $1::integer, own_id, own_kind, $2 FROM coming
    ON CONFLICT DO NOTHING
), total AS MATERIALIZED (
    SELECT customer_id, sum(CASE WHEN debit THEN amount ELSE -amount END)::bigint AS amount,
           (array_agg(account_id))[1] AS account_id
    FROM coming GROUP BY customer_id ORDER BY customer_id
), owed AS (
    INSERT INTO trade_account AS a (tenant_id, id, kind, customer_id, currency, posted)
    SELECT $1, account_id, 'receivable', customer_id, $2, amount FROM total
    ON CONFLICT ON CONSTRAINT trade_account_of DO UPDATE SET posted = a.posted + excluded.posted
    RETURNING a.id, a.customer_id
)
INSERT INTO trade_transfer (tenant_id, id, debit_account_id, credit_account_id, amount, currency, phase,
                            document_type, document_id, document_number, at, actor)
SELECT $1, c.id, CASE WHEN c.debit THEN o.id ELSE c.own_id END, CASE WHEN c.debit THEN c.own_id ELSE o.id END,
       c.amount, $2, 'posted', c.document_type, c.document_id, c.document_number, c.at, $3
FROM coming c JOIN owed o ON o.customer_id = c.customer_id
"""

# One hold at a time is looked up: a plan that reads the whole table, made while it was small, would stay.
_END = """
WITH held AS MATERIALIZED (
    SELECT p.*, e.ending_id
    FROM unnest($2::uuid[], $3::uuid[]) AS e(document_id, ending_id)
    CROSS JOIN LATERAL (
        SELECT t.* FROM trade_transfer t
        WHERE t.tenant_id = $1 AND t.document_id = e.document_id AND t.document_type = 'order'
          AND t.phase = 'pending'
        LIMIT 1
    ) p
    LEFT JOIN LATERAL (
        SELECT t.id FROM trade_transfer t WHERE t.tenant_id = $1 AND t.pending_id = p.id LIMIT 1
    ) gone ON true
    WHERE gone.id IS NULL
), ended AS (
    INSERT INTO trade_transfer (tenant_id, id, debit_account_id, credit_account_id, amount, currency, phase,
                                pending_id, document_type, document_id, document_number, at, actor)
    SELECT $1, ending_id, debit_account_id, credit_account_id, amount, currency, $4, id, document_type,
           document_id, document_number, $5, $6
    FROM held
    RETURNING debit_account_id, amount
), owing AS MATERIALIZED (
    SELECT debit_account_id AS id, sum(amount)::bigint AS amount FROM ended GROUP BY 1 ORDER BY 1
), locked AS MATERIALIZED (
    SELECT a.id, a.amount
    FROM owing o
    CROSS JOIN LATERAL (
        SELECT t.id, o.amount FROM trade_account t
        WHERE t.tenant_id = $1 AND t.id = o.id
        FOR NO KEY UPDATE
    ) a
), freed AS (
    UPDATE trade_account a
    SET pending = a.pending - l.amount, posted = a.posted + CASE WHEN $4 = 'post' THEN l.amount ELSE 0 END
    FROM locked l
    WHERE a.tenant_id = $1 AND a.id = l.id
)
SELECT count(*) FROM ended
"""

_DIFFERENCES = """
WITH leg AS (
    SELECT debit_account_id AS account_id, phase, amount FROM trade_transfer WHERE tenant_id = $1
    UNION ALL
    SELECT credit_account_id, phase, -amount FROM trade_transfer WHERE tenant_id = $1
), fold AS (
    SELECT account_id,
           coalesce(sum(amount) FILTER (WHERE phase IN ('posted', 'post')), 0)::bigint AS posted,
           coalesce(sum(CASE WHEN phase = 'pending' THEN amount ELSE -amount END)
                    FILTER (WHERE phase <> 'posted'), 0)::bigint AS pending
    FROM leg GROUP BY account_id
)
SELECT x.what, a.id, x.kept, x.folded
FROM trade_account a
LEFT JOIN fold f ON f.account_id = a.id
CROSS JOIN LATERAL (
    VALUES ('posted', a.posted, coalesce(f.posted, 0)), ('pending', a.pending, coalesce(f.pending, 0))
) AS x(what, kept, folded)
WHERE a.tenant_id = $1 AND a.kind = 'receivable' AND x.kept <> x.folded
UNION ALL
SELECT 'ending', e.id, e.amount, p.amount
FROM trade_transfer e
JOIN trade_transfer p ON p.tenant_id = $1 AND p.id = e.pending_id
WHERE e.tenant_id = $1
  AND (e.debit_account_id, e.credit_account_id, e.amount, e.currency)
      IS DISTINCT FROM (p.debit_account_id, p.credit_account_id, p.amount, p.currency)
"""
