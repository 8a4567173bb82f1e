"""Serving the application with uvicorn, in this process or in several that share the port."""

import asyncio
import contextlib
import functools
import gc
import multiprocessing
import multiprocessing.connection
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

from app.accounts.tokens import Tokens
from app.config import Settings, environment_name, load_settings
from lockstep.embedded import ServersError

if TYPE_CHECKING:
    from fastapi import FastAPI

READY_SECONDS = 0.05
LOADING_SECONDS = 60
"""So long a worker may load its modules, which takes seconds of CPU, before it must answer its parent. On a busy
machine it would otherwise be taken for one that hangs, killed and begun again for ever."""


def listen(settings: Settings) -> socket.socket:
    """Takes the port, before anything slow is done; raises ServersError if it is not to be had."""
    try:
        family, _, _, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family)
    except OSError as error:
        raise ServersError(f"cannot listen on {settings.host}: {error.strerror}") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise ServersError(
            f"cannot listen on {settings.host} port {settings.port}: {error.strerror}. "
            "Set LOCKSTEP_PORT to another"
        ) from error
    return listener


def refuse_old_schema(settings: Settings) -> None:
    """Raises ServersError, one line, where the database has not been migrated to what this code needs."""
    from app.revisions import check_schema  # noqa: PLC0415 (slow to import; `--help` does not wait for it)

    if problem := asyncio.run(check_schema(settings.database_url)):
        raise ServersError(problem)


def serve(settings: Settings, listener: socket.socket, announce: Callable[[], None]) -> None:
    """Serves until SIGINT or SIGTERM, then drains: no new requests, and `drain_seconds` for those under way.

    `announce` is called once requests are answered. Raises ServersError if the application does not start.
    """
    if settings.workers == 1:
        server = _Server(_configuration(settings, functools.partial(application, settings)), announce)
        # uvicorn raises the signal again after draining, and exits by itself after a failed start.
        with contextlib.suppress(KeyboardInterrupt, SystemExit):
            server.run([listener])
        if not server.started:
            raise ServersError("the service did not start; the log above says why")
        return
    # Made here once: workers that each found no key could each make one.
    Tokens.open(settings)
    with _environment(settings):
        workers = _Workers(_configuration(settings, "lockstep.serve:worker"), [listener], announce)
        workers.run()
    if any(process.exitcode == STARTUP_FAILURE for process in workers.processes):
        raise ServersError("the service's workers did not start; the log above says why")


def worker() -> "FastAPI":
    """The application of one of several workers; called by uvicorn in the worker's own process."""
    end_with_parent()
    return application(load_settings())


def application(settings: Settings) -> "FastAPI":
    """The application, in a process that does nothing else."""
    # While it is loaded, there is more and more to walk through and next to no garbage: a seventh of the time.
    gc.disable()
    # Imported here: the command line is to answer `--help` without it.
    from app.main import create_app  # noqa: PLC0415

    made = create_app(settings)
    # What is there now stays: the collector need not walk through it again and again. An answer of some thousand
    # objects has no cycles either, so it is not looked through at every 700 of them. Nor are sockets, which stay for
    # hours, walked through by the hundred thousand at once: everybody waits for that, about 1 µs for each object.
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 2, 1000)
    gc.enable()
    return made


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def end_with_parent() -> None:
    """Has a worker drain and end when the process that started it is gone, even by SIGKILL."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait() -> None:
        multiprocessing.connection.wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="end-with-parent", daemon=True).start()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()


class _Workers(Multiprocess):
    def __init__(
        self, config: uvicorn.Config, sockets: list[socket.socket], announce: Callable[[], None]
    ) -> None:
        super().__init__(config, sockets)
        self._announce = announce
        self._answered: set[int | None] = set()
        self._began: dict[int | None, float] = {}

    def init_processes(self) -> None:
        super().init_processes()
        threading.Thread(target=self._announce_when_ready, daemon=True).start()

    def keep_subprocess_alive(self) -> None:
        """Replaces workers that died or do not answer; one that is still loading its modules is given its time."""
        ended = any(not one.process.is_alive() for one in self.processes)
        if ended or all(self._has_loaded(one) for one in self.processes):
            super().keep_subprocess_alive()

    def _has_loaded(self, worker: Process) -> bool:
        if worker.pid not in self._answered:
            began = self._began.setdefault(worker.pid, time.monotonic())
            if not worker.ping(timeout=0) and time.monotonic() - began < LOADING_SECONDS:
                return False
            self._answered.add(worker.pid)
        return True

    def _announce_when_ready(self) -> None:
        """A worker listens on the shared socket when it has started; until then connections are refused."""
        address = self.sockets[0].getsockname()[:2]
        while not self.should_exit.wait(READY_SECONDS):
            with contextlib.suppress(OSError), socket.create_connection(address):
                self._announce()
                return


def _configuration(settings: Settings, application: "Callable[[], FastAPI] | str") -> uvicorn.Config:
    from schema.doors import DoorLimits, server_options  # noqa: PLC0415

    return uvicorn.Config(
        application,
        factory=True,
        workers=settings.workers,
        loop="uvloop",
        lifespan="on",
        log_config=None,  # the application sets its own
        access_log=False,
        server_header=False,
        **server_options(DoorLimits.of(settings), settings.drain_seconds),
    )


@contextlib.contextmanager
def _environment(settings: Settings) -> Iterator[None]:
    """Hands settings that differ from the defaults to worker processes, which read the environment."""
    before = dict(os.environ)
    for field in Settings.model_fields:
        value = getattr(settings, field)
        if value != Settings.model_fields[field].default:
            text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
            os.environ[environment_name(field)] = text
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
