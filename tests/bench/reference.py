"""pgbench sending what Headgate sends: the same statements, to the same tables, from as many clients.

The statements of many runs of a use case are taken down. Their values go into a table, a row for each run;
the script picks a row at random, so that PostgreSQL reads the values instead of being sent them. What has to
be new each time (ids, numbers, keys) is made from a counter of the script's.
"""

import asyncio
import re
import shutil
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from uuid import UUID

import asyncpg
import msgspec
from headgate_kernel.database.embedded_programs import find_programs
from headgate_kernel.database.server import DatabaseServer
from headgate_sdk.ids import TenantId

from tests.bench.capture import Sent

SCHEMA = "bench"
FRESH = "@"
"""Stands in stored values for twelve hexadecimal digits that are new each time."""


class Run(msgspec.Struct, frozen=True):
    """What pgbench did: transactions a second, and the latency that 95 of 100 stayed below, in ms."""

    rate: float
    p95: float


class Reference:
    """A script for pgbench with its values.

    Args:
        server: whose tables.
        script: file.
        runs: how many rows of values there are.
        tenant_id: whose rows.
    """

    def __init__(self, server: DatabaseServer, script: Path, runs: int, tenant_id: TenantId) -> None:
        self._server = server
        self._script = script
        self._runs = runs
        self._tenant_id = tenant_id
        self._started = 0

    async def run(self, *, clients: int, seconds: float) -> Run:
        """Run pgbench for a while."""
        self._started += 1
        log = self._script.with_suffix(".log")
        process = await asyncio.create_subprocess_exec(
            _pgbench(), "--no-vacuum", "--protocol=prepared", f"--client={clients}", "--jobs=1",
            f"--time={max(1, round(seconds))}", f"--file={self._script}", f"--define=runs={self._runs}",
            f"--define=tenant={self._tenant_id}", f"--define=start={self._started}", "--define=turn=0",
            "--log", f"--log-prefix={log}", self._server.app,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        output, errors = await process.communicate()
        found = re.search(r"tps = ([0-9.]+) \(without initial", output.decode())
        if process.returncode or found is None or b"ERROR" in errors:
            raise RuntimeError(f"pgbench: {errors.decode()[-2000:]}")
        return Run(float(found.group(1)), _p95(log))


def _p95(log: Path) -> float:
    latencies: list[int] = []
    for path in log.parent.glob(f"{log.name}.*"):
        latencies += [int(line.split()[2]) for line in path.read_text().splitlines()]
        path.unlink()
    latencies.sort()
    return latencies[int(len(latencies) * 0.95)] / 1000


async def prepare(
    server: DatabaseServer,
    tenant_id: TenantId,
    name: str,
    captured: Sequence[Sequence[Sent]],
    folder: Path,
    *,
    fresh: Sequence[frozenset[str]] | None = None,
    only: re.Pattern[str] | None = None,
) -> Reference:
    """Make a script of captured runs, which all sent the same statements.

    Args:
        server: whose tables.
        tenant_id: the first value of each statement.
        name: of the script.
        captured: what each run sent.
        folder: for the script.
        fresh: texts and ids of each run that must be new whenever it is repeated.
        only: leave out what does not match.
    """
    shape, same, fresh = _alike(captured, fresh or [frozenset()] * len(captured))
    connection = await asyncpg.connect(server.admin)
    try:
        types = [await _types(connection, sent) for sent in shape]
        marked = await _store(connection, name, types, same, fresh)
    finally:
        await connection.close()
    lines = [
        "\\set run random(0, :runs - 1)",
        "\\set turn :turn + 1",
        "\\set stamp :start * 100000000000 + :turn * 1000 + :client_id",
    ]
    for number, sent in enumerate(shape):
        if only is None or only.search(sent.sql):
            lines += _message(name, number, sent, types[number], marked)
    script = folder / f"{name}.sql"
    script.write_text("\n".join(lines) + "\n")
    return Reference(server, script, len(same), tenant_id)


def _alike(
    captured: Sequence[Sequence[Sent]], fresh: Sequence[frozenset[str]]
) -> tuple[Sequence[Sent], list[Sequence[Sent]], list[frozenset[str]]]:
    """Leave out the few runs that sent something else, such as the first on a new connection."""
    shapes = [tuple(sent.sql for sent in run) for run in captured]
    usual, times = Counter(shapes).most_common(1)[0]
    assert times > len(captured) * 0.9, "the runs differ in what they sent"
    kept = [place for place, shape in enumerate(shapes) if shape == usual]
    same = [captured[place] for place in kept]
    return same[0], same, [fresh[place] for place in kept]


async def _types(connection: asyncpg.Connection, sent: Sent) -> list[str]:
    if not sent.values:
        return []
    statement = await connection.prepare(sent.sql)
    return [kind.name for kind in statement.get_parameters()]


async def _store(
    connection: asyncpg.Connection,
    name: str,
    types: Sequence[Sequence[str]],
    runs: Sequence[Sequence[Sent]],
    fresh: Sequence[frozenset[str]],
) -> set[tuple[int, int]]:
    """Keep all values as text, which is how pgbench would send them; gives the columns with marks."""
    marked: set[tuple[int, int]] = set()
    columns = [(number, place) for number, kinds in enumerate(types) for place in range(1, len(kinds))]
    await connection.execute(
        f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}; GRANT USAGE ON SCHEMA {SCHEMA} TO PUBLIC;"
        f"CREATE TABLE {SCHEMA}.{name} (run integer PRIMARY KEY"
        + "".join(f", v{number}_{place} text" for number, place in columns)
        + f"); GRANT SELECT ON {SCHEMA}.{name} TO PUBLIC"
    )
    texts = ", ".join(f"${at}::{types[number][place]}::text" for at, (number, place) in enumerate(columns, 2))
    insert = (
        f"INSERT INTO {SCHEMA}.{name} VALUES ($1, {texts})"
        if columns
        else f"INSERT INTO {SCHEMA}.{name} VALUES ($1)"
    )
    await connection.executemany(
        insert,
        [(row, *(run[number].values[place] for number, place in columns)) for row, run in enumerate(runs)],
    )
    for number, place in columns:
        updates = [
            (row, text)
            for row, new in enumerate(fresh)
            if new and (text := _with_marks(runs[row][number].values[place], new)) is not None
        ]
        if updates:
            marked.add((number, place))
            await connection.executemany(
                f"UPDATE {SCHEMA}.{name} SET v{number}_{place} = $2 WHERE run = $1", updates
            )
    await connection.execute(f"VACUUM ANALYZE {SCHEMA}.{name}")
    return marked


def _with_marks(value: object, fresh: frozenset[str]) -> str | None:
    """Write a value with marks in what must be new; None where there is nothing new in it."""
    items = value if isinstance(value, list) else [value]
    if not any(str(item) in fresh for item in items):
        return None
    texts = [_mark(str(item)) if str(item) in fresh else str(item) for item in items]
    return "{" + ",".join(texts) + "}" if isinstance(value, list) else texts[0]


def _mark(text: str) -> str:
    """Put the mark into the first twelve digits of an id, where its time is, or before another text."""
    try:
        UUID(text)
    except ValueError:
        return f"{FRESH}-{text}"
    return FRESH + text.replace("-", "")[12:]


def _message(
    name: str, number: int, sent: Sent, types: Sequence[str], marked: Collection[tuple[int, int]]
) -> list[str]:
    """Write one message: several statements without values go in one exchange, as they do from Headgate."""
    parts = sent.sql.split(";")
    if not sent.values and len(parts) > 1:
        return ["\\startpipeline", *(f"{part};" for part in parts), "\\endpipeline"]
    if not sent.values:
        return [f"{sent.sql};"]

    def value(match: re.Match[str]) -> str:
        place = int(match.group(1)) - 1
        if place == 0:
            return ":tenant::integer"
        text = f"v{number}_{place}"
        if (number, place) in marked:
            text = f"replace({text}, '{FRESH}', stamp)"
        return f"(SELECT {text} FROM given)::{types[place]}"

    sql = " ".join(re.sub(r"\$(\d+)", value, sent.sql).split())
    given = (
        f"given AS MATERIALIZED (SELECT *, lpad(to_hex(:stamp::bigint), 12, '0') AS stamp "
        f"FROM {SCHEMA}.{name} WHERE run = :run::integer)"
    )
    sql = f"WITH {given}, {sql[5:]}" if sql.upper().startswith("WITH ") else f"WITH {given} {sql}"
    return [f"{sql};"]


def _pgbench() -> str:
    beside_server = find_programs() / "pgbench"
    found = str(beside_server) if beside_server.exists() else shutil.which("pgbench")
    if found is None:
        raise RuntimeError("pgbench is missing: install PostgreSQL's client programs (Debian: postgresql-15)")
    return found
