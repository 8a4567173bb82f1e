"""PostgreSQL and Valkey of one data folder, running exactly as long as this process."""

import contextlib
import functools
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lockstep.embedded import cluster
from lockstep.embedded.binaries import binaries_for
from lockstep.embedded.control import Watcher
from lockstep.embedded.errors import ServersError
from lockstep.embedded.folder import Folder

Progress = Callable[[str], None]
POLL_SECONDS = 0.01
SAY_AFTER_SECONDS = 3.0
LEAVE_SECONDS = 10.0
# PostgreSQL: fast shutdown (ends sessions, writes a checkpoint), then immediate (recovers at the next start).
POSTGRES_STOP = [["SIGINT", 30], ["SIGQUIT", 5]]
REDIS_STOP = [["SIGTERM", 5]]


def _silent(_line: str) -> None: ...


def start_servers(data_dir: Path, *, durable: bool = True, progress: Progress | None = None) -> "Servers":
    """Starts both servers on `data_dir`, which is made at the first start, and returns when they answer.

    They stop with `Servers.stop()`, or when this process ends, even by SIGKILL. `durable=False` spares the
    disk (for tests): a crash of the machine may then lose data. `progress` is called with a line for whatever
    may take long. Raises ServersError with a message for people; InUseError if another process has the
    folder.
    """
    try:
        folder = Folder(data_dir)
    except OSError as error:
        raise ServersError(f"cannot use the folder {data_dir}: {error.strerror or error}") from error
    try:
        return Servers(folder, durable=durable, progress=progress or _silent)
    except BaseException as error:
        folder.close()
        if isinstance(error, OSError):
            raise ServersError(f"cannot start the servers: {error}") from error
        raise


@contextlib.contextmanager
def temporary_servers(parent: Path | None = None) -> Iterator["Servers"]:
    """Servers for a test run, on a folder (in `parent`, or where temporary files are) that is removed afterwards."""
    path = Path(tempfile.mkdtemp(prefix="lockstep-", dir=parent))
    if os.geteuid() == 0:
        path.chmod(0o711)  # for the servers' account to pass through; what is in it stays closed
    try:
        with start_servers(path, durable=False) as servers:
            yield servers
    finally:
        # Its real place may be elsewhere, when the folder for temporary files is closed to other accounts.
        shutil.rmtree((path / "servers").resolve(), ignore_errors=True)
        shutil.rmtree(path, ignore_errors=True)


class Servers:
    """Running servers. Made by `start_servers`; a context manager that stops them at the end.

    `database_url` is for the service's restricted role, `owner_url` for migrations, `admin_url` the
    superuser.
    """

    def __init__(self, folder: Folder, *, durable: bool, progress: Progress) -> None:
        self._folder = folder
        self._durable = durable
        self._progress = progress
        lock = folder.wait_for_earlier()
        self._binaries = binaries_for(folder.account, progress)
        self._prepare(lock)
        self._watcher = Watcher(lock, folder.log("watcher"))
        try:
            self._keep = [lock]
            self._start_both()
        except BaseException:
            self._watcher.close()
            raise
        folder.release_servers()

    @property
    def database_url(self) -> str:
        return self._folder.secrets.database_url

    @property
    def owner_url(self) -> str:
        return self._folder.secrets.owner_url

    @property
    def admin_url(self) -> str:
        return self._folder.secrets.admin_url

    @property
    def redis_url(self) -> str:
        return self._folder.secrets.redis_url

    @property
    def data_dir(self) -> Path:
        return self._folder.path

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends both servers, the database with a checkpoint, and leaves the folder to others. May be called
        twice."""
        self._watcher.close()
        self._folder.close()

    def kill_redis(self) -> None:
        """SIGKILL, as a fault to test with; `start_redis` starts it again on the same port, empty."""
        self._watcher.ask("kill", "redis")

    def start_redis(self) -> None:
        """Starts Redis after `kill_redis` and returns when it answers."""
        port = self._folder.secrets.redis_port
        self._watcher.start(self._redis_request(port))
        self._wait("redis", lambda: _redis_answers(port, self._folder.secrets.redis))

    def restart_redis(self) -> None:
        """An orderly end and a new start on the same port; what it held is gone."""
        self._watcher.ask("stop", "redis")
        self.start_redis()

    def kill_postgres(self) -> None:
        """SIGKILL of the postmaster; its other processes end when they notice."""
        self._watcher.ask("kill", "postgres")

    def start_postgres(self) -> None:
        """Starts PostgreSQL after `kill_postgres` and returns when it has recovered."""
        request = self._postgres_request(self._folder.secrets.postgres_port)
        pid_file = self._folder.cluster / "postmaster.pid"
        deadline = time.monotonic() + LEAVE_SECONDS
        while True:
            pid = self._watcher.start(request)
            try:
                return self._wait("postgres", functools.partial(_postmaster_ready, pid_file, pid))
            except ServersError as error:
                # The killed server's last processes are still on their way out.
                if "is still in use" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(POLL_SECONDS)

    def _prepare(self, lock: int) -> None:
        folder = self._folder
        folder.secrets.choose_ports()
        folder.secrets.save(folder.secrets_path)
        work = folder.place / "redis"
        work.mkdir(mode=0o700, exist_ok=True)
        folder.account.own(work)
        database = cluster.Cluster(folder.cluster, folder.account, self._binaries, lock)
        if not database.exists():
            where = "" if folder.place.parent == folder.path else f" in {folder.place}"
            self._progress(f"Making the database{where} (once)")
            database.create(folder.secrets, durable=self._durable)
        database.make_ready(folder.secrets, durable=self._durable)

    def _start_both(self) -> None:
        secrets = self._folder.secrets
        for attempts_left in (2, 1, 0):
            try:
                self._watcher.start(self._redis_request(secrets.redis_port))
                self.start_postgres()
                self._wait("redis", lambda: _redis_answers(secrets.redis_port, secrets.redis))
            except ServersError:
                # Somebody may have taken a port since we looked; if not, it is another trouble.
                ports = (secrets.postgres_port, secrets.redis_port)
                for name in ("postgres", "redis"):
                    with contextlib.suppress(ServersError):
                        self._watcher.ask("stop", name)
                secrets.choose_ports()
                if ports == (secrets.postgres_port, secrets.redis_port) or not attempts_left:
                    raise
                secrets.save(self._folder.secrets_path)
            else:
                return

    def _postgres_request(self, port: int) -> dict[str, Any]:
        options = cluster.settings(port, durable=self._durable)
        program = [str(self._binaries.postgres), "-D", str(self._folder.cluster), *options]
        return self._request("postgres", program, "", POSTGRES_STOP)

    def _redis_request(self, port: int) -> dict[str, Any]:
        # Read from standard input, so that the password is in no file and on no command line.
        text = "\n".join(
            (
                "bind 127.0.0.1",
                f"port {port}",
                f"requirepass {self._folder.secrets.redis}",
                "daemonize no",
                'save ""',
                "appendonly no",
            )
        )
        return self._request("redis", [str(self._binaries.valkey), "-"], text + "\n", REDIS_STOP)

    def _request(self, name: str, program: list[str], text: str, stop: list[list[Any]]) -> dict[str, Any]:
        account = self._folder.account
        return {
            "do": "start",
            "name": name,
            "argv": program,
            "cwd": str(self._folder.place / name),
            "log": str(self._folder.log(name)),
            "input": text,
            "user": account.user,
            "group": account.group,
            "keep": self._keep,
            "stop": stop,
        }

    def _wait(self, name: str, ready: Callable[[], bool]) -> None:
        """Until the server answers, however long it recovers; raises if it ends instead."""
        began, said = time.monotonic(), False
        while not ready():
            status = self._watcher.ask("state", name)
            if status is not None:
                raise ServersError(f"{name} ended with status {status}:\n{_tail(self._folder.log(name))}")
            if not said and time.monotonic() - began > SAY_AFTER_SECONDS:
                self._progress(f"Waiting for {name} to recover what an earlier run left")
                said = True
            time.sleep(POLL_SECONDS)


def _postmaster_ready(pid_file: Path, pid: int) -> bool:
    """As pg_ctl does: `postmaster.pid` begins with the server's pid, and its eighth line is its word for its
    state."""
    try:
        lines = pid_file.read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _redis_answers(port: int, password: str) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(100), b"")) == b"+OK\r\n+PONG\r\n"
    except OSError:
        return False


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-5:])
