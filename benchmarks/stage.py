"""The stage of a run: one database with its data, the product on it, and the peers that are asked for."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from app.migrations import migrate
from benchmarks import peers
from benchmarks.data import Stage, fill
from benchmarks.peers import Peer
from benchmarks.processes import free_port, running
from benchmarks.wire import Caller
from lockstep.embedded import Servers, start_servers

# Nothing that is counted against a person or an address is in the way: one client plays hundreds of people.
UNBOUNDED = {
    **{
        f"LOCKSTEP_{name}_PER_MINUTE": "0"
        for name in ("REQUESTS", "COST", "WRITES", "SUBSCRIPTIONS", "ANONYMOUS_REQUESTS")
    },
    "LOCKSTEP_MAX_COST": "1000000",
    "LOCKSTEP_SIGN_IN_ATTEMPTS": "0",
    "LOCKSTEP_MAX_CONNECTIONS": "100000",
    "LOCKSTEP_SOCKETS_PER_ADDRESS": "100000",
    "LOCKSTEP_SOCKETS_PER_USER": "100000",
    "LOCKSTEP_SUBSCRIPTIONS_PER_USER": "100000",
    "LOCKSTEP_IDLE_SOCKET_SECONDS": "86400",
}
SHOWN = ("fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "server_version")


@dataclass(frozen=True)
class Scale:
    """How much of everything: the whole bench, or little of it to see that it works."""

    sizes: tuple[int, ...]
    people: int
    rounds: int
    turn_ms: float
    write_rounds: int
    seconds: float
    subscribers: int
    scopes: int


# 100,000 tasks in 50 projects: the board that is measured, those of the curve over rows, and the crowd.
BOARDS = (10, 50, 100, 200, 1000, 2000, 5000)
WHOLE = Scale((500, *BOARDS, *[2170] * 42), 500, 7, 150.0, 5, 3.0, 15_000, 300)
QUICK = Scale((500, 10, 100, *[50] * 7), 20, 3, 30.0, 2, 1.0, 300, 12)


@dataclass(frozen=True)
class Running:
    """A server that is up."""

    name: str
    pid: int
    port: int
    token: str = ""


class Bench:
    """What figures are measured on. Servers are started when they are first asked for, and end with the run."""

    def __init__(
        self, stack: ExitStack, scale: Scale, servers: Servers, folder: Path, *, everybody: bool
    ) -> None:
        self.scale = scale
        self.servers = servers
        self.folder = folder
        self.everybody = everybody
        self.kept: dict[str, Any] = {}
        """What one figure measured and another needs."""
        self._stack = stack
        self._running: dict[str, Running] = {}
        with psycopg.connect(servers.admin_url) as connection:
            settings: dict[str, str] = dict(
                connection.execute("SELECT name, setting FROM pg_settings").fetchall()
            )
        self.settings = {name: settings[name] for name in SHOWN}
        self.postgres = int((Path(settings["data_directory"]) / "postmaster.pid").read_text().split()[0])
        self.made = Stage("", (), "")
        self.made = self._fill()

    def _fill(self) -> Stage:
        product = self.product()
        url = f"http://127.0.0.1:{product.port}"
        return asyncio.run(fill(url, self.servers.admin_url, self.scale.sizes, self.scale.people))

    @property
    def limits(self) -> dict[str, str]:
        """Settings that are not the usual ones, those of the caller's environment among them."""
        given = {name: value for name, value in os.environ.items() if name.startswith("LOCKSTEP_")}
        return UNBOUNDED | given

    def product(self, name: str = "lockstep", **settings: str) -> Running:
        """Ours, one process, with these settings besides those of every run."""
        if name not in self._running:
            port = free_port()
            environment = self.environment(port) | settings
            pid = self._stack.enter_context(
                running(["-m", "lockstep", "serve", "--workers", "1"], environment, port, "/health/ready")
            )
            self._running[name] = Running(name, pid, port)
        found = self._running[name]
        return Running(found.name, found.pid, found.port, self.made.token)

    def environment(self, port: int) -> dict[str, str]:
        """Of a server of ours."""
        return {
            "DATABASE_URL": self.servers.database_url, "DATABASE_OWNER_URL": self.servers.owner_url,
            "REDIS_URL": self.servers.redis_url, "LOCKSTEP_DATA_DIR": str(self.folder),
            "LOCKSTEP_LOG_LEVEL": "warning", "LOCKSTEP_PORT": str(port), **self.limits,
        }  # fmt: skip

    def peer(self, peer: Peer) -> Running:
        """One of the others."""
        if peer.name not in self._running:
            port = free_port()
            # As the owner of the tables: no row-level security, which is their advantage.
            given = {"DATABASE_URL": self.servers.owner_url, "REDIS_URL": self.servers.redis_url}
            command, environment = peers.command(peer)
            environment |= given | {"PORT": str(port)}
            server = running(command[1:], environment, port, peer.ready, command[:1])
            pid = self._stack.enter_context(server)
            self._running[peer.name] = Running(peer.name, pid, port)
        return self._running[peer.name]

    def caller(self, server: Running) -> Caller:
        """A connection to it, for as long as the run."""
        caller = Caller(server.port)
        self._stack.callback(caller.close)
        return caller


@contextmanager
def stage(scale: Scale, say: Callable[[str], None], *, everybody: bool = False) -> Iterator[Bench]:
    """A bench on a database of its own, which is gone afterwards."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        folder.chmod(0o711)
        say("starting PostgreSQL and Valkey, filling the database")
        servers = stack.enter_context(start_servers(folder / "data"))
        migrate(servers.owner_url)
        yield Bench(stack, scale, servers, folder, everybody=everybody)
