"""The data folder: what lies where, who may use it, and the secrets.

owner.lock       locked by the process that started the servers
secrets.json     passwords and ports; readable by its owner alone
log/             what the servers print
servers/         the servers' own files; a symbolic link when their account cannot reach the data folder
  servers.lock   held open by every process of the servers, so it is free exactly when none is left
  postgres/      the database cluster
  redis/         Valkey's working folder (it saves nothing)
"""

import contextlib
import fcntl
import json
import os
import secrets
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from lockstep.embedded.account import Account, account_for
from lockstep.embedded.binaries import public_folder
from lockstep.embedded.errors import InUseError, ServersError

# An earlier run's servers may still be writing their last checkpoint.
WAIT_SECONDS = 45.0
# A process just killed keeps its lock for a moment.
DYING_SECONDS = 0.3
LOG_BYTES = 10_000_000
# Below the ports that systems hand out for outgoing connections: nobody takes ours while a server restarts,
# and a client that knocks meanwhile cannot be connected to itself.
PORTS = range(20_000, 32_000)
DATABASE = "lockstep"
ADMIN = "postgres"
OWNER = "lockstep_owner"
SERVICE = "lockstep_service"


@dataclass
class Secrets:
    """Passwords of the three roles and of Redis (256 random bits each), and the ports last used."""

    admin: str
    owner: str
    service: str
    redis: str
    postgres_port: int
    redis_port: int

    @classmethod
    def load(cls, path: Path) -> "Secrets":
        try:
            return cls(**json.loads(path.read_text()))
        except FileNotFoundError:
            admin, owner, service, redis = (secrets.token_urlsafe(32) for _ in range(4))
            return cls(admin, owner, service, redis, postgres_port=0, redis_port=0)
        except (ValueError, TypeError) as error:
            raise ServersError(f"{path} is damaged; remove it, and new passwords are made") from error

    def save(self, path: Path) -> None:
        draft = path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(vars(self), file, indent=1)
        draft.rename(path)

    @property
    def redis_url(self) -> str:
        return f"redis://:{self.redis}@127.0.0.1:{self.redis_port}/0"

    def postgres_url(self, role: str, password: str) -> str:
        return f"postgresql://{role}:{password}@127.0.0.1:{self.postgres_port}/{DATABASE}"

    @property
    def database_url(self) -> str:
        return self.postgres_url(SERVICE, self.service)

    @property
    def owner_url(self) -> str:
        return self.postgres_url(OWNER, self.owner)

    @property
    def admin_url(self) -> str:
        return self.postgres_url(ADMIN, self.admin)

    def choose_ports(self) -> None:
        """Keeps the ports of the last run where they are free."""
        taken: set[int] = set()
        for name in ("postgres_port", "redis_port"):
            port = getattr(self, name)
            while not port or port in taken or not _is_free(port):
                port = secrets.choice(PORTS)
            taken.add(port)
            setattr(self, name, port)


def secrets_in_use(path: Path) -> Secrets | None:
    """The secrets of the servers that another process runs on the data folder `path`; None if none does.

    Raises ServersError if the folder is another user's.
    """
    try:
        lock = os.open(path / "owner.lock", os.O_RDWR)
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise ServersError(f"cannot use the folder {path}: {error.strerror}") from error
    try:
        return None if _lock_within(lock, 0) else Secrets.load(path / "secrets.json")
    finally:
        os.close(lock)


class Folder:
    """A data folder that this process has to itself until `close`.

    Raises InUseError if another process has it, ServersError if it cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        if not self.path.exists():
            self.path.mkdir(parents=True, mode=0o700)
            # To be passed through on the way to servers/, which only their account may open.
            self.path.chmod(0o711 if os.geteuid() == 0 else 0o700)
        self._owner = os.open(self.path / "owner.lock", os.O_RDWR | os.O_CREAT, 0o600)
        if not _lock_within(self._owner, DYING_SECONDS):
            error = _in_use(self.path, self._owner)
            os.close(self._owner)
            raise error
        os.ftruncate(self._owner, 0)
        os.pwrite(self._owner, str(os.getpid()).encode(), 0)
        self._servers = -1
        try:
            self.account, self.place = self._settle()
            self.secrets = Secrets.load(self.secrets_path)
        except BaseException:
            self.close()
            raise

    @property
    def secrets_path(self) -> Path:
        return self.path / "secrets.json"

    @property
    def cluster(self) -> Path:
        return self.place / "postgres"

    def log(self, name: str) -> Path:
        """The file for what the server `name` prints; a long one of earlier runs is put aside."""
        folder = self.path / "log"
        folder.mkdir(mode=0o700, exist_ok=True)
        path = folder / f"{name}.log"
        if path.exists() and path.stat().st_size > LOG_BYTES:
            path.rename(path.with_suffix(".log.1"))
        return path

    def wait_for_earlier(self) -> int:
        """Returns the servers' lock, an open file for every server process to inherit, once no process of an
        earlier run has it. Raises InUseError if that takes too long."""
        self._servers = os.open(self.place / "servers.lock", os.O_RDWR | os.O_CREAT, 0o600)
        if not _lock_within(self._servers, WAIT_SECONDS):
            raise InUseError(f"servers of an earlier run still use {self.place}, and do not stop")
        return self._servers

    def release_servers(self) -> None:
        """Leaves the servers' lock to the servers."""
        if self._servers >= 0:
            os.close(self._servers)
            self._servers = -1

    def close(self) -> None:
        self.release_servers()
        if self._owner >= 0:
            os.close(self._owner)
            self._owner = -1

    def _settle(self) -> tuple[Account, Path]:
        """The servers' account and the real folder of their files, made if it is not there."""
        link = self.path / "servers"
        if link.is_symlink() and not link.exists():
            raise ServersError(f"{link} points to a folder that is gone; remove the link to begin anew")
        if link.exists():
            account = account_for(link.resolve())
            place = link.resolve()
        else:
            account = account_for(None)
            place = link if account.reaches(self.path) else public_folder() / f"data-{secrets.token_hex(8)}"
            place.mkdir(mode=0o700)
            if place != link:
                link.symlink_to(place)
        account.own(place)
        if not account.reaches(place):
            raise ServersError(f"the account for the servers (uid {account.user}) cannot reach {place}")
        return account, place


def check_unused(path: Path) -> None:
    """Raises InUseError if another process runs the servers of the data folder `path`."""
    path = path.absolute()
    with contextlib.suppress(FileNotFoundError), (path / "owner.lock").open("r+") as lock:
        if not _lock_within(lock.fileno(), DYING_SECONDS):
            raise _in_use(path, lock.fileno())


def _in_use(path: Path, lock: int) -> InUseError:
    pid = os.pread(lock, 20, 0).decode(errors="replace").strip()
    return InUseError(
        f"{path} is in use: process {pid or '(unknown)'} runs its servers. Stop that one first, "
        "or set LOCKSTEP_DATA_DIR to another folder"
    )


def _lock_within(file: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        else:
            return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the servers do: a port whose last connections are still ageing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
