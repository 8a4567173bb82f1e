"""The stage of a run: one database with its data, the product on it, and the peers that are asked for."""

from __future__ import annotations

import asyncio
import os
import resource
import tempfile
from collections.abc import Callable, Hashable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import psycopg

from app.migrations import migrate
from benchmarks import peers
from benchmarks.data import Stage, fill
from benchmarks.peers import Peer
from benchmarks.processes import free_port, running
from benchmarks.wire import Caller
from lockstep.embedded import Servers, start_servers

T = TypeVar("T")
# Nothing that is counted against a person or an address is in the way: one client plays hundreds of people.
UNBOUNDED = {
    **{
        f"LOCKSTEP_{name}_PER_MINUTE": "0"
        for name in ("REQUESTS", "COST", "WRITES", "SUBSCRIPTIONS", "ANONYMOUS_REQUESTS")
    },
    # The generated tasks have no events behind them, which checkpoints of the log would be made from.
    "LOCKSTEP_CHECKPOINT_SECONDS": "3600",
    "LOCKSTEP_ACCESS_TOKEN_SECONDS": "86400",
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
    live_rounds: int
    scopes: int


# 100,000 tasks in 50 projects: the board that is measured, those of the curve over rows, and the crowd.
BOARDS = (10, 50, 100, 200, 1000, 2000, 5000)
WHOLE = Scale((500, *BOARDS, *[2170] * 42), 500, 7, 300.0, 5, 3.0, 15_000, 3, 300)
QUICK = Scale((500, 10, 100, *[50] * 7), 20, 3, 30.0, 2, 1.0, 300, 2, 12)


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
        self._kept: dict[Hashable, Any] = {}
        self._stack = stack
        self._running: dict[str, Running] = {}
        with psycopg.connect(servers.admin_url) as connection:
            settings: dict[str, str] = dict(
                connection.execute("SELECT name, setting FROM pg_settings").fetchall()
            )
        self.settings = {name: settings[name] for name in SHOWN}
        self.postgres = int((Path(settings["data_directory"]) / "postmaster.pid").read_text().split()[0])
        self.made = Stage("", "", (), "")
        self.made = self._fill()

    def _fill(self) -> Stage:
        product = self.product()
        url = f"http://127.0.0.1:{product.port}"
        return asyncio.run(fill(url, self.servers.admin_url, self.scale.sizes, self.scale.people))

    def once(self, what: Hashable, measure: Callable[[], T]) -> T:
        """What `measure` gives, or the failure it ends in, now or when it was first asked for: several figures may be
        made of one measurement."""
        if what not in self._kept:
            try:
                self._kept[what] = measure()
            except Exception as error:
                self._kept[what] = error
                raise
        found: Any = self._kept[what]
        if isinstance(found, Exception):
            raise found
        return cast("T", found)

    @property
    def limits(self) -> dict[str, str]:
        """Settings that are not the usual ones, those of the caller's environment among them."""
        given = {name: value for name, value in os.environ.items() if name.startswith("LOCKSTEP_")}
        return UNBOUNDED | given

    def product(self, name: str = "lockstep", **settings: str) -> Running:
        """Ours, one process, with these settings besides those of every run; the same one whenever it is asked for."""
        if name not in self._running:
            self._running[name] = self._stack.enter_context(self.new_product(name, **settings))
        found = self._running[name]
        return Running(found.name, found.pid, found.port, self.made.token)

    @contextmanager
    def new_product(self, name: str = "lockstep", **settings: str) -> Iterator[Running]:
        """One of its own."""
        port = free_port()
        environment = self.environment(port) | settings
        with running(
            ["-m", "lockstep", "serve", "--workers", "1"], environment, port, "/health/ready"
        ) as pid:
            yield Running(name, pid, port, self.made.token)

    def environment(self, port: int) -> dict[str, str]:
        """Of a server of ours."""
        return {
            "DATABASE_URL": self.servers.database_url, "DATABASE_OWNER_URL": self.servers.owner_url,
            "REDIS_URL": self.servers.redis_url, "LOCKSTEP_DATA_DIR": str(self.folder),
            "LOCKSTEP_LOG_LEVEL": "error", "LOCKSTEP_PORT": str(port), **self.limits,
        }  # fmt: skip

    def peer(self, peer: Peer) -> Running:
        """One of the others; the same one whenever it is asked for."""
        if peer.name not in self._running:
            self._running[peer.name] = self._stack.enter_context(self.new_peer(peer))
        return self._running[peer.name]

    @contextmanager
    def new_peer(self, peer: Peer) -> Iterator[Running]:
        """One of its own."""
        port = free_port()
        # As the owner of the tables: no row-level security, which is their advantage.
        given = {
            "DATABASE_URL": self.servers.owner_url,
            "REDIS_URL": self.servers.redis_url,
            "PORT": str(port),
        }
        command, environment = peers.command(peer)
        with running(command[1:], environment | given, port, peer.ready, command[:1]) as pid:
            yield Running(peer.name, pid, port)

    def caller(self, server: Running) -> Caller:
        """A connection to it, for as long as the run."""
        caller = Caller(server.port)
        self._stack.callback(caller.close)
        return caller


@contextmanager
def stage(scale: Scale, say: Callable[[str], None], *, everybody: bool = False) -> Iterator[Bench]:
    """A bench on a database of its own, which is gone afterwards."""
    with ExitStack() as stack:
        # Thousands of sockets, here and in the servers.
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        folder.chmod(0o711)
        say("starting PostgreSQL and Valkey, filling the database")
        servers = stack.enter_context(start_servers(folder / "data"))
        migrate(servers.owner_url)
        yield Bench(stack, scale, servers, folder, everybody=everybody)
