"""Saving accepted rows in batches: a row that the use case refuses is reported, the others are saved."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import islice
from typing import Generic, TypeVar

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError, InvalidFields

from headgate_trade.catalogue_input import SaveResult
from headgate_trade.imports.report import ImportReport, RowProblem

BATCH = 1000

T = TypeVar("T")


class Numbered(msgspec.Struct, Generic[T], frozen=True):
    """Something to save, with the row it came from."""

    row: int
    item: T


async def save_batch(
    ctx: Context,
    report: ImportReport,
    rows: Sequence[Numbered[T]],
    save: Callable[[Context, Sequence[T]], Awaitable[SaveResult]],
) -> list[Numbered[T]]:
    """Save a batch and count it; gives the rows that were taken.

    When the use case names rows that it refuses, those are reported and the rest is saved without them.
    """
    if not rows:
        return []
    try:
        async with ctx.db.savepoint():
            result = await save(ctx, [row.item for row in rows])
    except InvalidFields as refusal:
        refused = {problem.row - 1: problem for problem in refusal.problems if problem.row is not None}
        if not refused:
            raise
        return await _without(ctx, report, rows, refused, save)
    report.accepted += len(rows)
    report.add(result)
    return list(rows)


async def _without(
    ctx: Context,
    report: ImportReport,
    rows: Sequence[Numbered[T]],
    refused: dict[int, HeadgateError],
    save: Callable[[Context, Sequence[T]], Awaitable[SaveResult]],
) -> list[Numbered[T]]:
    for place, problem in sorted(refused.items()):
        report.refused.append(RowProblem.of(problem, row=rows[place].row))
    rest = [row for place, row in enumerate(rows) if place not in refused]
    return await save_batch(ctx, report, rest, save)


async def save_in_batches(rows: Iterable[T], save: Callable[[list[T]], Awaitable[SaveResult]]) -> SaveResult:
    """Save any number of sound rows, a batch at a time, and add up what was done."""
    waiting = iter(rows)
    total = SaveResult()
    while batch := list(islice(waiting, BATCH)):
        total += await save(batch)
    return total
