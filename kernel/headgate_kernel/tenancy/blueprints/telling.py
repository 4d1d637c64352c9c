"""What a blueprint changes, as lines for the terminal: `+` is new, `~` changed, `-` gone."""

import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

from headgate_sdk.blueprint import FileCount

from headgate_kernel.plugins.host import PluginHost
from headgate_kernel.tenancy.blueprints.applying import Outcome
from headgate_kernel.tenancy.blueprints.comparing import FieldChange, RowChange, SectionChange

SIGNS = {"new": "+", "changed": "~", "gone": "-"}
_ORDERED = {"steps", "choices"}
"""Lists whose order counts."""
_WIDTH = 28


def outcome_lines(outcome: Outcome, host: PluginHost, *, done: bool) -> Iterator[str]:
    """Tell what applying a blueprint changes.

    Args:
        outcome: of a plan or of applying.
        host: the installed plugins.
        done: it was applied.
    """
    profile = outcome.blueprint.profile
    yield f"{profile.name} ({profile.slug}){', a new distributor' if outcome.is_new else ''}"
    for change in outcome.changes:
        yield from section_lines(change, host, new_tenant=outcome.is_new)
    if outcome.files:
        yield from ("", "sample")
        yield from (f"    {file_line(file)}" for file in outcome.files)
    if outcome.passwords:
        yield from ("", f"people who get their first password: {outcome.passwords}")
    if outcome.secrets:
        yield from ("", f"secrets that have changed where they are taken from: {', '.join(outcome.secrets)}")
    if outcome.invited:
        yield from ("", "invited" if done else "to be invited")
        yield from (f"    {_pad(one.login)} {one.link}" for one in outcome.invited)
    yield ""
    yield _sum(outcome, done=done)


def section_lines(change: SectionChange, host: PluginHost, *, new_tenant: bool = False) -> Iterator[str]:
    """Tell what differs in one section."""
    same = f"  ({change.unchanged:,} unchanged)" if change.unchanged and not new_tenant else ""
    yield from ("", f"{change.section.replace('_', ' ')}{same}")
    for row in change.rows:
        yield from _plugin_line(row, host) if change.section == "plugins" else _row_lines(row)


def file_line(file: FileCount) -> str:
    """Tell what a file of the sample did, or would do."""
    rows = f"{file.rows:,} rows: "
    counts = f"{file.created:,} new, {file.changed:,} changed, {file.unchanged:,} unchanged"
    return f"{_pad(file.name)} {rows}{counts}"


def _plugin_line(row: RowChange, host: PluginHost) -> Iterator[str]:
    installed = host.by_id.get(row.key)
    needs = installed.manifest.requires if installed and row.kind == "new" else ()
    yield f"  {SIGNS[row.kind]} {row.key}{'  (needs ' + ', '.join(needs) + ')' if needs else ''}"


def _row_lines(row: RowChange) -> Iterator[str]:
    sign = SIGNS[row.kind]
    if row.kind == "changed" and row.key:
        yield f"  {sign} {row.key}"
        yield from (f"      {_field(change)}" for change in row.fields)
    elif row.key:
        fields = [change for change in row.fields if change.name != "place"]
        side = [change.after if row.kind == "new" else change.before for change in fields]
        yield f"  {sign} {_pad(row.key)} {', '.join(_short(value) for value in side if value)}".rstrip()
    else:
        for change in row.fields:
            if change.before or change.after:
                yield f"  {sign} {_field(change)}"


def _field(change: FieldChange) -> str:
    before, after = change.before, change.after
    name = f"{change.name:<{_WIDTH - 4}}"
    if isinstance(before, list) and isinstance(after, list) and change.name not in _ORDERED:
        moved = [f"+ {_short(one)}" for one in after if one not in before]
        moved += [f"- {_short(one)}" for one in before if one not in after]
        return f"{name} {'  '.join(moved)}"
    if before is None:
        return f"{name} {_short(after)}"
    return f"{name} {_short(before)} -> {_short(after)}"


def _pad(text: str) -> str:
    """Fill a name up to the column where its values begin; Chinese characters are two columns wide."""
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return text + " " * max(_WIDTH - len(text) - wide, 0)


def _short(value: Any) -> str:
    if value is None:
        return "(as it comes)"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return (
            ", ".join(f"[{_short(one)}]" if isinstance(one, list) else _short(one) for one in value)
            or "(none)"
        )
    if isinstance(value, dict):
        return ", ".join(f"{name} = {_short(one)}" for name, one in value.items()) or "(none)"
    return str(value) or "(empty)"


def count_of(changes: Sequence[SectionChange]) -> int:
    """Give how many rows differ."""
    return sum(len(change.rows) for change in changes)


def _sum(outcome: Outcome, *, done: bool) -> str:
    if not outcome.is_change:
        return "Nothing to change."
    loaded = sum(file.created + file.changed for file in outcome.files)
    rows = f" and {loaded:,} of the sample" if loaded else ""
    return f"{count_of(outcome.changes):,} changes{rows}{' applied' if done else ''}."
