"""The migration files that a package ships: `migrations/NNNN_name.sql`, numbered without gaps to mind."""

import graphlib
import hashlib
import re
from collections.abc import Sequence
from importlib.resources.abc import Traversable

import msgspec
from headgate_sdk.i18n import N_

from headgate_kernel.database.errors import MigrationFailed

_NAME = re.compile(r"(\d{4}_[a-z0-9_]+)\.sql")
_ENDS_TRANSACTION = re.compile(
    r"^\s*(BEGIN|COMMIT|ROLLBACK|START\s+TRANSACTION)\s*;", re.IGNORECASE | re.MULTILINE
)


class MigrationSource(msgspec.Struct, frozen=True):
    """The migrations of the kernel or of a plugin.

    Args:
        name: `kernel` or the plugin's id.
        requires: sources whose tables these build on.
        folder: where the files are; None for a source without tables.
    """

    name: str
    requires: tuple[str, ...] = ()
    folder: Traversable | None = None


class Migration(msgspec.Struct, frozen=True):
    """One file.

    Args:
        source: name of its source.
        name: file name without suffix.
        sql: its text.
        checksum: of the text (SHA-256, first 16 hexadecimal digits).
    """

    source: str
    name: str
    sql: str
    checksum: str

    def __str__(self) -> str:
        return f"{self.source}/{self.name}"


def read_migrations(sources: Sequence[MigrationSource]) -> list[Migration]:
    """Read all files, in the order in which they must run: what is required comes first.

    Raises:
        MigrationFailed: a requirement is unknown or circular, or a file is named or written wrongly.
    """
    by_name = {source.name: source for source in sources}
    for source in sources:
        for required in source.requires:
            if required not in by_name:
                raise MigrationFailed(
                    N_("The migrations of {source} require {required}, which is not installed. Install it."),
                    source=source.name,
                    required=required,
                )
    order = graphlib.TopologicalSorter({source.name: sorted(source.requires) for source in sources})
    try:
        names = list(order.static_order())
    except graphlib.CycleError as error:
        raise MigrationFailed(
            N_("Migrations require each other in a circle: {circle}. Remove one of the requirements."),
            circle=" -> ".join(error.args[1]),
        ) from None
    return [migration for name in names for migration in _read_source(by_name[name])]


def _read_source(source: MigrationSource) -> list[Migration]:
    if source.folder is None or not source.folder.is_dir():
        return []
    files = sorted(
        (file for file in source.folder.iterdir() if file.name.endswith(".sql")), key=lambda f: f.name
    )
    migrations: list[Migration] = []
    numbers: dict[str, str] = {}
    for file in files:
        match = _NAME.fullmatch(file.name)
        if match is None:
            raise MigrationFailed(
                N_("The migration {source}/{file} is misnamed: write it as 0001_what_it_does.sql."),
                source=source.name,
                file=file.name,
            )
        if other := numbers.get(match[1][:4]):
            raise MigrationFailed(
                N_(
                    "The migrations {source}/{file} and {other} have the same number: give one of "
                    "them another."
                ),
                source=source.name,
                file=file.name,
                other=other,
            )
        numbers[match[1][:4]] = file.name
        sql = file.read_text(encoding="utf-8")
        if _ENDS_TRANSACTION.search(sql):
            raise MigrationFailed(
                N_(
                    "The migration {source}/{file} begins or ends a transaction: the runner does "
                    "that. Remove it."
                ),
                source=source.name,
                file=file.name,
            )
        digest = hashlib.sha256(sql.encode()).hexdigest()[:16]
        migrations.append(Migration(source=source.name, name=match[1], sql=sql, checksum=digest))
    return migrations
