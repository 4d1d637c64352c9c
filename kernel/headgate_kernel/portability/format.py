r"""The format of an export: a zip archive that people and programs can read.

    manifest.json             what is in it, from which version, with a SHA-256 of each table
    tables/<table>.csv        PostgreSQL's CSV with a header; no value at all is NULL, "" the empty text
    people.csv, logins.csv    the persons behind the memberships
    files/<id>                uploaded files, their type is in tables/stored_file.csv

Times are UTC in ISO 8601, amounts decimal, binary values hexadecimal after `\x`.
"""

from datetime import datetime

import msgspec

FORMAT = 1
MANIFEST = "manifest.json"
PEOPLE = "people.csv"
LOGINS = "logins.csv"
FILES = {"stored_file": "content"}
"""Tables with a column that is kept in files of its own."""

SESSION = (
    "SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'iso_8601'; "
    "SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1"
)
"""Makes PostgreSQL write values in one way, wherever it runs; for the transaction."""


class TableEntry(msgspec.Struct, frozen=True):
    """One table of an export.

    Args:
        name: of the table.
        columns: in the order of the file.
        rows: how many.
        sha256: of the file's content, in hexadecimal.
        blanked: columns whose secrets were left out: they are to be entered again.
    """

    name: str
    columns: tuple[str, ...]
    rows: int
    sha256: str
    blanked: tuple[str, ...] = ()


class TenantEntry(msgspec.Struct, frozen=True):
    """The tenant itself."""

    id: int
    slug: str
    name: str
    currency: str
    timezone: str
    locale: str
    brand_colour: str
    plan: str | None
    created_at: datetime


class Manifest(msgspec.Struct, frozen=True):
    """What an export says of itself.

    Args:
        format: of the archive.
        headgate: version that wrote it.
        taken_at: the moment of which it is; every table is of this same moment.
        tenant: whose.
        with_secrets: keys, tokens and sealed values are in it: good only for the installation it is from.
        migrations: `source/name` of each migration of the schema it was taken from.
        tables: in the order in which they are put back.
        people: how many persons.
        files: how many files.
    """

    format: int
    headgate: str
    taken_at: datetime
    tenant: TenantEntry
    with_secrets: bool
    migrations: tuple[str, ...]
    tables: tuple[TableEntry, ...]
    people: int
    files: int
