"""The private directory of an embedded server: may we use it, and is the data in it ours to open?"""

import hashlib
import os
import stat
import tempfile
from pathlib import Path

from headgate_sdk.i18n import N_

from headgate_kernel.database.embedded_programs import ServerAccount, explain_os_error
from headgate_kernel.database.errors import (
    DataDirectoryOfOtherVersion,
    DataDirectoryTooNew,
    DataDirectoryUnusable,
)

DATA_FORMAT = 1
"""Layout of the directory; raised when an older Headgate could not open it any more."""

_LONGEST_SOCKET_DIRECTORY = 90  # a socket's whole path has 107 bytes, of which the file name takes 14


def default_data_dir() -> Path:
    """Give the directory used when none is named: under the home, or the system's for root.

    The server of root runs as `nobody`, who cannot pass through root's home.
    """
    if os.geteuid() == 0:
        return Path("/var/lib/headgate")
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "headgate"


def prepare_directory(directory: Path, account: ServerAccount | None) -> None:
    """Make the directory, private to the server's account, unless it is something else's.

    Raises:
        EmbeddedServerError: it cannot be written, belongs to something else, or is from a newer Headgate.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        names = {entry.name for entry in directory.iterdir()}
        mark = directory / "format"
        if names and "format" not in names:
            raise DataDirectoryUnusable(
                N_(
                    "{directory} is not empty and was not made by Headgate. "
                    "Choose another with --data-dir, or empty it."
                ),
                directory=str(directory),
            )
        if account is not None:
            os.chown(directory, account.user, account.group)
        directory.chmod(0o700)
        if not names:
            fresh = directory / "format"
            fresh.write_text(f"{DATA_FORMAT}\n", encoding="ascii")
        check_format(directory, mark.read_text(encoding="ascii", errors="replace").strip())
    except OSError as error:
        raise explain_os_error(error, directory) from error


def check_format(directory: Path, found: str) -> None:
    """Refuse a layout that this code does not know.

    Raises:
        DataDirectoryTooNew: a newer Headgate made it.
        DataDirectoryUnusable: the mark is not readable.
    """
    if not found.isdigit():
        raise DataDirectoryUnusable(
            N_(
                "The file `format` in {directory} is damaged: it should hold a number. Restore it "
                "from a backup."
            ),
            directory=str(directory),
        )
    if int(found) > DATA_FORMAT:
        raise DataDirectoryTooNew(
            N_(
                "The data in {directory} was written by a newer Headgate (format {found}, this one "
                "knows {known}). "
                "Upgrade Headgate, or use another directory with --data-dir."
            ),
            directory=str(directory),
            found=found,
            known=DATA_FORMAT,
        )


def check_cluster_version(cluster: Path, programs_major: int) -> None:
    """Refuse data of another major version of PostgreSQL, which these programs cannot open.

    Raises:
        DataDirectoryOfOtherVersion: names both versions.
    """
    try:
        found = (cluster / "PG_VERSION").read_text(encoding="ascii", errors="replace").strip()
    except OSError as error:
        raise explain_os_error(error, cluster) from error
    if found != str(programs_major):
        raise DataDirectoryOfOtherVersion(
            N_(
                "The data in {directory} was made by PostgreSQL {found}, the programs at hand are PostgreSQL "
                "{programs}. Point HEADGATE_PG_BIN to the programs of PostgreSQL {found}, or move "
                "the data with "
                "pg_dump and pg_restore."
            ),
            directory=str(cluster),
            found=found,
            programs=programs_major,
        )


def socket_directory(directory: Path, account: ServerAccount | None) -> Path:
    """Give the folder of the server's socket: the directory, or a stand-in where its path is too long.

    Raises:
        DataDirectoryUnusable: somebody else made the stand-in before us.
    """
    if len(os.fsencode(directory)) <= _LONGEST_SOCKET_DIRECTORY:
        return directory
    owner = account.user if account else os.geteuid()
    digest = hashlib.sha256(os.fsencode(directory)).hexdigest()[:16]
    short = Path(tempfile.gettempdir()) / f"headgate-{digest}"
    try:
        short.mkdir(mode=0o700, exist_ok=True)
        if account is not None and short.lstat().st_uid == os.geteuid():
            os.chown(short, account.user, account.group, follow_symlinks=False)
        state = short.lstat()
    except OSError as error:
        raise explain_os_error(error, short) from error
    if not stat.S_ISDIR(state.st_mode) or state.st_uid != owner or stat.S_IMODE(state.st_mode) != 0o700:
        raise DataDirectoryUnusable(
            N_(
                "{directory} should be a private folder of the database's account and is not. "
                "Remove it, or choose a shorter --data-dir."
            ),
            directory=str(short),
        )
    return short
