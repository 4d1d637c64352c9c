"""The data of an embedded server: made once, opened at each start, and found again after a crash."""

import shlex
import shutil
import time
from enum import Enum
from pathlib import Path

from headgate_sdk.i18n import N_

from headgate_kernel.database.embedded_directory import check_cluster_version
from headgate_kernel.database.embedded_programs import (
    Programs,
    disk_full,
    explain_os_error,
    out_of_reach,
    server_account,
)
from headgate_kernel.database.errors import DataDirectoryUnusable, EmbeddedServerError

SUPERUSER = "postgres"
CLUSTER = "pg"
START_SECONDS = 120  # recovery after a crash takes its time
_BURIAL_SECONDS = 10
_BUILTIN_LOCALE = 17  # from this version PostgreSQL brings C.UTF-8 itself
_SETTINGS = """
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = 128MB
wal_level = minimal
max_wal_senders = 0
max_wal_size = 512MB
wal_compression = on
jit = off
random_page_cost = 1.1
log_timezone = UTC
timezone = UTC
log_destination = stderr
logging_collector = on
log_directory = log
log_rotation_size = 10MB
"""


class ServerState(Enum):
    """What `pg_isready` tells, by its return code."""

    ANSWERS = 0
    STARTING = 1
    SILENT = 2
    UNKNOWN = 3


def server_state(programs: Programs, socket: Path) -> ServerState:
    """Ask the server by connecting: a process number proves nothing."""
    code = programs.run("pg_isready", "-q", "-h", socket).returncode
    return ServerState(code) if code in {0, 1, 2} else ServerState.UNKNOWN


def make_cluster(programs: Programs, directory: Path, socket: Path) -> None:
    """Make the data unless it is there; one who is killed in the middle leaves nothing half made.

    Raises:
        EmbeddedServerError: it cannot be made, or what is there cannot be opened.
    """
    cluster = directory / CLUSTER
    major = programs.major()
    if (cluster / "PG_VERSION").exists():
        check_cluster_version(cluster, major)
        return
    if cluster.exists():
        raise DataDirectoryUnusable(
            N_(
                "{directory} holds a damaged database: its file PG_VERSION is missing. "
                "Restore it from a backup."
            ),
            directory=str(cluster),
        )
    half = directory / "pg.being-made"
    shutil.rmtree(half, ignore_errors=True)
    locale = ["--locale=C.UTF-8"]
    if major >= _BUILTIN_LOCALE:
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--lc-ctype=C.UTF-8"]
    options = ["-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--data-checksums", *locale]
    outcome = programs.run("initdb", "-D", half, *options)
    if outcome.returncode:
        shutil.rmtree(half, ignore_errors=True)
        message = N_("The embedded database cannot be made in {directory}: {output}")
        raise _explain(directory, outcome.stdout, message)
    try:
        with (half / "postgresql.auto.conf").open("a", encoding="utf-8") as file:
            place = _as_list(socket).replace("'", "''")
            file.write(f"{_SETTINGS}unix_socket_directories = '{place}'\n")
        half.rename(cluster)
    except OSError as error:
        raise explain_os_error(error, directory) from error


def start_server(programs: Programs, directory: Path, socket: Path) -> None:
    """Start the server unless it answers; waits for a recovery to end.

    Raises:
        EmbeddedServerError: it does not come up; carries the end of its log.
    """
    cluster = directory / CLUSTER
    log = directory / "boot.log"
    end = time.monotonic() + START_SECONDS
    burial = time.monotonic() + _BURIAL_SECONDS
    # The socket's folder is said again, because the directory may have been moved since it was made.
    options = f"-c unix_socket_directories={shlex.quote(_as_list(socket))}"
    while (state := server_state(programs, socket)) is not ServerState.ANSWERS:
        if state is ServerState.STARTING and time.monotonic() < end:
            time.sleep(0.1)
            continue
        forget_dead_server(cluster, socket)
        log.unlink(missing_ok=True)
        wait = str(START_SECONDS)
        outcome = programs.run("pg_ctl", "-D", cluster, "-w", "-t", wait, "-l", log, "-o", options, "start")
        if outcome.returncode == 0:
            continue
        said = log.read_text(encoding="utf-8", errors="replace") if log.exists() else outcome.stdout
        if "lock file" in said and time.monotonic() < burial:  # the last one is dying, but not dead yet
            time.sleep(0.2)
            continue
        message = N_("The embedded database in {directory} does not start: {output}")
        raise _explain(directory, said + _last_log(cluster), message)


def forget_dead_server(cluster: Path, socket: Path) -> None:
    """Remove the marks of a server that is dead but not yet buried.

    PostgreSQL takes such a zombie for alive and refuses to start beside it. The marks are left alone while
    any process still works in the data.
    """
    mark = cluster / "postmaster.pid"
    try:
        number = mark.read_text(encoding="ascii").split("\n", 1)[0]
        state = Path(f"/proc/{int(number)}/stat").read_text(encoding="ascii", errors="replace")
    except (OSError, ValueError):
        return
    if state.rpartition(")")[2].split()[0] != "Z":
        return
    end = time.monotonic() + _BURIAL_SECONDS
    while _somebody_works_in(cluster):
        if time.monotonic() > end:
            return
        time.sleep(0.05)
    for lock in socket.glob(".s.PGSQL.*.lock"):
        if lock.read_text(encoding="ascii", errors="replace").split("\n", 1)[0] == number:
            lock.unlink(missing_ok=True)
    mark.unlink(missing_ok=True)


def _somebody_works_in(cluster: Path) -> bool:
    for entry in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if entry.readlink() == cluster:
                return True
        except OSError:  # gone meanwhile, or somebody else's
            continue
    return False


def _as_list(socket: Path) -> str:
    """Write a folder as a list of one, in which a comma is part of the name."""
    return '"' + str(socket).replace('"', '""') + '"'


def _last_log(cluster: Path) -> str:
    logs = sorted((cluster / "log").glob("*.log"))
    return logs[-1].read_text(encoding="utf-8", errors="replace")[-800:] if logs else ""


def _explain(directory: Path, output: str, message: str) -> EmbeddedServerError:
    if "No space left on device" in output:
        return disk_full(directory)
    if "Permission denied" in output and server_account() is not None:
        return out_of_reach(directory)
    return EmbeddedServerError(message, directory=str(directory), output=output.strip()[-1200:])
