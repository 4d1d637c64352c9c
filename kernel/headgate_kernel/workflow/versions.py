"""The published versions of a tenant's flows: read, cached by content, appended.

Definitions are cached by their fingerprint. A cache by version number would go wrong the first time that a
publication is rolled back and its number is given to another flow.
"""

from collections import OrderedDict

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.workflow import ActorRef

from headgate_kernel.workflow.catalogue import StepCatalogue
from headgate_kernel.workflow.compiler import compile_flow, default_flow
from headgate_kernel.workflow.definition import Definition, decode, encode, fingerprint

_CACHED = 4096
_definitions: OrderedDict[str, Definition] = OrderedDict()
_guesses: OrderedDict[tuple[int, str], "Published"] = OrderedDict()

_CURRENT = """
SELECT version, fingerprint FROM workflow_definition
WHERE tenant_id = $1 AND subject_type = $2 ORDER BY version DESC LIMIT 1
"""
_DOCUMENT = (
    "SELECT document FROM workflow_definition WHERE tenant_id = $1 AND subject_type = $2 AND version = $3"
)
_APPEND = """
INSERT INTO workflow_definition
    (tenant_id, subject_type, version, fingerprint, document, note, published_at, published_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8::text::jsonb) ON CONFLICT DO NOTHING
"""


class Published(msgspec.Struct, frozen=True):
    """A version of a flow."""

    version: int
    fingerprint: str
    definition: Definition


async def load(ctx: Context, subject_type: str, version: int, print_: str) -> Definition:
    """Give a definition by its fingerprint, from memory or from the database."""
    known = _definitions.get(print_)
    if known is None:
        document = await ctx.db.fetch_value(_DOCUMENT, ctx.tenant.id, subject_type, version)
        known = decode(document)
        _remember(print_, known)
    return known


async def read_current(ctx: Context, subject_type: str) -> Published | None:
    """Give the version that new instances start under; None when the tenant has none yet."""
    row = await ctx.db.fetch_row(_CURRENT, ctx.tenant.id, subject_type)
    if row is None:
        return None
    definition = await load(ctx, subject_type, row["version"], row["fingerprint"])
    return _guess(ctx, Published(row["version"], row["fingerprint"], definition))


def guess_current(ctx: Context, subject_type: str) -> Published | None:
    """Give what was the current version when this process last looked; the starting statement checks it."""
    return _guesses.get((ctx.tenant.id, subject_type))


def forget_current(ctx: Context, subject_type: str) -> None:
    """Drop a guess that proved wrong."""
    _guesses.pop((ctx.tenant.id, subject_type), None)


def _guess(ctx: Context, current: Published) -> Published:
    _guesses[ctx.tenant.id, current.definition.subject] = current
    if len(_guesses) > _CACHED:
        _guesses.popitem(last=False)
    return current


async def read_version(ctx: Context, subject_type: str, version: int) -> Definition | None:
    """Give one published version."""
    document = await ctx.db.fetch_value(_DOCUMENT, ctx.tenant.id, subject_type, version)
    return None if document is None else decode(document)


async def ensure_current(ctx: Context, catalogue: StepCatalogue, subject_type: str) -> Published:
    """Give the current version, publishing the default flow as version 1 for a tenant that has none."""
    current = await read_current(ctx, subject_type)
    if current is None:
        settings = default_flow(catalogue, catalogue.subject(subject_type), ctx.plugins)
        definition = compile_flow(catalogue, subject_type, settings, ctx.plugins)
        await append(ctx, definition, 1, "", ActorRef("System", "system", "System"))
        current = await read_current(ctx, subject_type)
    assert current is not None
    return current


async def append(ctx: Context, definition: Definition, version: int, note: str, by: ActorRef) -> bool:
    """Append a version; False when somebody else has just taken the number."""
    document = encode(definition)
    tag = await ctx.db.execute(
        _APPEND, ctx.tenant.id, definition.subject, version, fingerprint(document), document.decode(), note,
        ctx.clock.now(), msgspec.json.encode(by).decode(),
    )  # fmt: skip
    return tag == "INSERT 0 1"


def _remember(print_: str, definition: Definition) -> None:
    _definitions[print_] = definition
    if len(_definitions) > _CACHED:
        _definitions.popitem(last=False)
