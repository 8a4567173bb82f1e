"""The database cluster: made once, with its roles, before anybody can connect to it."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from lockstep.embedded.account import Account
from lockstep.embedded.binaries import Binaries
from lockstep.embedded.errors import ServersError
from lockstep.embedded.folder import ADMIN, DATABASE, OWNER, SERVICE, Secrets

MAJOR = "18"
# In the cluster itself, so that one copied from elsewhere is noticed: a hash of the passwords its roles have.
MARK = "lockstep-roles"

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a socket's path may have 100 bytes; a project's folder may be longer
    "max_connections": "200",
    "max_locks_per_transaction": "256",  # one statement may touch every partition and its indexes
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "jit": "off",  # compiling costs more than it saves on small fast statements
}
# For data that nobody will miss: a crash of the machine may lose it, a crash of the server does not.
NOT_DURABLE = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "2GB"}


def settings(port: int, *, durable: bool) -> list[str]:
    """The server's options on its command line; no secret is among them."""
    chosen = SETTINGS | {"port": str(port)} | ({} if durable else NOT_DURABLE)
    return [word for name, value in chosen.items() for word in ("-c", f"{name}={value}")]


class Cluster:
    """The cluster in a folder of the servers' account."""

    def __init__(self, path: Path, account: Account, binaries: Binaries, lock: int) -> None:
        self.path = path
        self.account = account
        self.binaries = binaries
        self.lock = lock

    def exists(self) -> bool:
        return self.path.exists()

    def create(self, secrets: Secrets, *, durable: bool) -> None:
        """Makes the cluster, its roles and its database in a draft folder, then puts it in place in one
        step."""
        draft = self.path.with_name("postgres.new")
        shutil.rmtree(draft, ignore_errors=True)
        self._run(
            [
                self.binaries.initdb,
                f"--pgdata={draft}",
                f"--username={ADMIN}",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--locale=C",
                "--auth-local=reject",
                "--auth-host=scram-sha-256",
                "--no-instructions",
                *([] if durable else ["--no-sync"]),
            ]
        )
        self._sql(draft, _ROLES + _passwords(secrets) + _DATABASE, durable=durable)
        _mark(draft, self.account, secrets)
        draft.rename(self.path)

    def make_ready(self, secrets: Secrets, *, durable: bool) -> None:
        """Clears what a crash left, and gives the roles these passwords if they have others.

        Only for one who has the servers' lock: the pid in a left `postmaster.pid` may be anybody's by now.
        """
        version = (self.path / "PG_VERSION").read_text().strip()
        if version != MAJOR:
            raise ServersError(
                f"{self.path} is of PostgreSQL {version}, this one is {MAJOR}: dump and load it"
            )
        (self.path / "postmaster.pid").unlink(missing_ok=True)
        mark = self.path / MARK
        if not mark.exists() or mark.read_text() != _fingerprint(secrets):
            self._sql(self.path, _passwords(secrets), durable=durable)
            _mark(self.path, self.account, secrets)

    def _sql(self, path: Path, statements: Sequence[str], *, durable: bool) -> None:
        """Runs statements in the single-user server: nobody can connect meanwhile, and no password is on a
        command line. `scram_iterations`: slow hashing defends guessable passwords; 256 random bits need none,
        and every connection would pay for it."""
        options = ["exit_on_error=on", "log_min_error_statement=panic", "scram_iterations=1"]
        if not durable:
            options += [f"{name}={value}" for name, value in NOT_DURABLE.items()]
        words = [word for option in options for word in ("-c", option)]
        self._run(
            [self.binaries.postgres, "--single", "-D", path, *words, "postgres"],
            "".join(f"{statement}\n" for statement in statements),
        )

    def _run(self, program: Sequence[str | Path], text: str = "") -> None:
        done = subprocess.run(
            program,
            input=text,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.path.parent,
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            user=self.account.user,
            group=self.account.group,
            extra_groups=self.account.extra_groups,
            pass_fds=[self.lock],
            start_new_session=True,  # a Ctrl-C is for us: no half-made folder gets its name
            check=False,
        )
        if done.returncode != 0:
            last = "\n".join(done.stdout.strip().splitlines()[-5:])
            raise ServersError(f"{Path(program[0]).name} failed with status {done.returncode}:\n{last}")


_ROLES = (
    # The owner makes test databases and, in migrations, further roles.
    f"CREATE ROLE {OWNER} LOGIN NOSUPERUSER NOBYPASSRLS CREATEDB CREATEROLE;",
    f"CREATE ROLE {SERVICE} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;",
)
_DATABASE = (
    f"CREATE DATABASE {DATABASE} OWNER {OWNER};",
    f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC;",
    f"GRANT CONNECT ON DATABASE {DATABASE} TO {SERVICE};",
)


def _passwords(secrets: Secrets) -> tuple[str, ...]:
    # Made of URL-safe base64: no quote to escape.
    given = {ADMIN: secrets.admin, OWNER: secrets.owner, SERVICE: secrets.service}
    return tuple(f"ALTER ROLE {role} PASSWORD '{password}';" for role, password in given.items())


def _fingerprint(secrets: Secrets) -> str:
    return hashlib.sha256(" ".join((secrets.admin, secrets.owner, secrets.service)).encode()).hexdigest()


def _mark(path: Path, account: Account, secrets: Secrets) -> None:
    mark = path / MARK
    mark.write_text(_fingerprint(secrets))
    mark.chmod(0o600)
    account.own(mark)
