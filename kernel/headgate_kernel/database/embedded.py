"""A PostgreSQL server of our own, for a machine where nobody has installed one.

It listens on a unix socket in a directory that only its account may enter, and nowhere else. Whoever uses it
holds a shared file lock, which the kernel of the operating system drops when the process dies, however it
dies; whoever finds at the end that nobody else holds it stops the server. Whether the server runs is asked
by connecting, never by a process number: a dead server may linger as a zombie, or its number be given away.
"""

import atexit
import fcntl
import os
import shutil
from pathlib import Path
from typing import IO

from headgate_sdk.i18n import N_

from headgate_kernel.database.embedded_cluster import (
    CLUSTER,
    SUPERUSER,
    ServerState,
    make_cluster,
    server_state,
    start_server,
)
from headgate_kernel.database.embedded_directory import prepare_directory, socket_directory
from headgate_kernel.database.embedded_programs import (
    Programs,
    explain_os_error,
    find_programs,
    out_of_reach,
    server_account,
)
from headgate_kernel.database.errors import EmbeddedServerError


class EmbeddedServer:
    """An embedded server and our share in it.

    Args:
        directory: private directory of the server; made when missing.
        binaries: folder of the PostgreSQL programs; found by itself when None.
    """

    def __init__(self, directory: Path, *, binaries: Path | None = None) -> None:
        self.directory = directory.absolute()
        self.cluster = self.directory / CLUSTER
        self._binaries = binaries
        self._account = server_account()
        self._programs: Programs | None = None
        self._boot_lock: IO[str] | None = None
        self._use_lock: IO[str] | None = None
        self._socket: Path | None = None
        self._process = os.getpid()

    def dsn(self, database: str, *, role: str = SUPERUSER) -> str:
        """Give the address of a database on this server.

        Raises:
            EmbeddedServerError: the socket's folder cannot be made.
        """
        if self._socket is None:
            self._socket = socket_directory(self.directory, self._account)
        return f"postgresql://{role}@/{database}?host={self._socket}"

    def start(self) -> None:
        """Start the server, or join it when it runs already; makes the data when there is none.

        Raises:
            EmbeddedServerError: what is wrong and what to do.
        """
        if self._use_lock is not None:
            return
        programs = Programs(find_programs(self._binaries), self._account)
        prepare_directory(self.directory, self._account)
        self._programs = self._reachable(programs)
        self._socket = socket_directory(self.directory, self._account)
        self._process = os.getpid()
        try:
            self._boot_lock = (self.directory / "boot.lock").open("w", encoding="ascii")
            use_lock = (self.directory / "use.lock").open("w", encoding="ascii")
        except OSError as error:
            raise explain_os_error(error, self.directory) from error
        try:
            fcntl.flock(self._boot_lock, fcntl.LOCK_EX)
            try:
                fcntl.flock(use_lock, fcntl.LOCK_SH)
                make_cluster(self._programs, self.directory, self._socket)
                start_server(self._programs, self.directory, self._socket)
            finally:
                fcntl.flock(self._boot_lock, fcntl.LOCK_UN)
        except BaseException:
            use_lock.close()
            self._boot_lock.close()
            raise
        self._use_lock = use_lock
        atexit.register(self.stop)

    def ensure_running(self) -> None:
        """Start the server again if it died while we use it.

        Raises:
            EmbeddedServerError: it does not come up, or we had let go of it.
        """
        if self._use_lock is None or self._boot_lock is None or self._programs is None or not self._socket:
            raise EmbeddedServerError(N_("The embedded database has been stopped. Start Headgate again."))
        fcntl.flock(self._boot_lock, fcntl.LOCK_EX)
        try:
            start_server(self._programs, self.directory, self._socket)
        finally:
            fcntl.flock(self._boot_lock, fcntl.LOCK_UN)

    def stop(self) -> None:
        """Let go of the server; the last to let go stops it. Safe to call twice."""
        use_lock, boot_lock, programs = self._use_lock, self._boot_lock, self._programs
        if use_lock is None or boot_lock is None or programs is None or os.getpid() != self._process:
            return
        self._use_lock = None
        atexit.unregister(self.stop)
        try:
            fcntl.flock(boot_lock, fcntl.LOCK_EX)
            try:
                fcntl.flock(use_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return  # somebody else uses it
            programs.run("pg_ctl", "-D", self.cluster, "-w", "-m", "fast", "stop")
        finally:
            use_lock.close()
            boot_lock.close()

    def remove(self) -> None:
        """Stop the server if it still runs, and delete its data.

        Raises:
            EmbeddedServerError: another process uses it.
        """
        if not self.directory.exists():
            return
        with (
            (self.directory / "boot.lock").open("w", encoding="ascii") as boot_lock,
            (self.directory / "use.lock").open("w", encoding="ascii") as use_lock,
        ):
            fcntl.flock(boot_lock, fcntl.LOCK_EX)
            try:
                fcntl.flock(use_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise EmbeddedServerError(
                    N_("The data in {directory} is in use by another Headgate. Stop that one first."),
                    directory=str(self.directory),
                ) from None
            if (self.cluster / "postmaster.pid").exists():
                programs = self._reachable(Programs(find_programs(self._binaries), self._account))
                programs.run("pg_ctl", "-D", self.cluster, "-w", "-m", "immediate", "stop")
            shutil.rmtree(self.directory)

    def is_running(self) -> bool:
        """Tell whether the server answers."""
        if self._programs is None or self._socket is None:
            return False
        return server_state(self._programs, self._socket) is ServerState.ANSWERS

    def _reachable(self, programs: Programs) -> Programs:
        if self._account is None or programs.runnable():
            return programs
        copied = programs.copied_to(self.directory)
        if copied.runnable():
            return copied
        raise out_of_reach(self.directory)
