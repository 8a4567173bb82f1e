"""The server processes of a replay: `lockstep serve`, twice, with one database, one Redis, one signing key."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from app.config import PREFIX, Settings, environment_name
from lockstep.replay.doors import Address
from lockstep.replay.history import ReplayError

START_SECONDS = 60
STOP_SECONDS = 15
LOOK_SECONDS = 0.05
ERRORS_SHOWN = 3
HANDED_ON = ("database_url", "redis_url", "data_dir", "signing_key_file", "pool_size", "prepared_statements")

# A few people do in a minute what a company does in a day, all from one address.
UNLIMITED = {
    "requests_per_minute": "0", "cost_per_minute": "0", "writes_per_minute": "0", "subscriptions_per_minute": "0",
    "anonymous_requests_per_minute": "0", "sign_in_attempts": "0", "sockets_per_user": "10000",
    "sockets_per_address": "10000", "messages_per_second": "10000", "subscriptions_per_user": "10000",
}  # fmt: skip


class ServerProcess:
    """One `lockstep serve`; its output goes to a file."""

    def __init__(self, settings: Settings, folder: Path, number: int) -> None:
        self.address = Address("127.0.0.1", _free_port())
        self._log = folder / f"server-{number}.log"
        self._environment = _environment(settings, folder)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts the process; `ready` says when it answers."""
        command = [sys.executable, "-P", "-m", "lockstep", "serve", "--workers", "1", "--until-parent-ends"]
        command += ["--host", self.address.host, "--port", str(self.address.port)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment,
                start_new_session=True,
            )  # fmt: skip

    async def ready(self) -> None:
        """Returns when the server is ready; raises ReplayError with the end of its log if it does not start."""
        try:
            async with asyncio.timeout(START_SECONDS):
                while not await self._answers():
                    if self._process is None or self._process.poll() is not None:
                        raise ReplayError(f"a server ended instead of starting:\n{self.tail()}")
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError:
            raise ReplayError(f"a server was not ready in time:\n{self.tail()}") from None

    async def _answers(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection(self.address.host, self.address.port)
        except OSError:
            return False
        try:
            writer.write(b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return b" 200 " in await reader.readline()
        except OSError:
            return False
        finally:
            writer.transport.abort()

    def kill(self) -> None:
        """SIGKILL, and its end."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """An orderly end, or else SIGKILL."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def tail(self) -> str:
        """The end of its log."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-8:])

    def errors(self) -> list[str]:
        """What it logged as errors."""
        lines = self._log.read_text(errors="replace").splitlines() if self._log.exists() else []
        return [line for line in lines if '"level":"error"' in line.replace(" ", "") or "Traceback" in line]


@contextlib.contextmanager
def server_processes(settings: Settings, folder: Path, count: int = 2) -> Iterator[list[ServerProcess]]:
    """Server processes, not started yet; they are stopped at the end. After a failure the errors they logged are
    printed: the folder goes."""
    servers = [ServerProcess(settings, folder, number) for number in range(count)]
    try:
        yield servers
    except Exception:
        for line in [line for server in servers for line in server.errors()][:ERRORS_SHOWN]:
            print(line, file=sys.stderr)
        raise
    finally:
        for server in servers:
            server.stop()


def _environment(settings: Settings, folder: Path) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    given = settings.model_copy(update={"data_dir": folder, "signing_key_file": folder / "signing-key.json"})
    for field in HANDED_ON:
        ours[environment_name(field)] = str(getattr(given, field))
    ours.pop(environment_name("database_owner_url"), None)
    ours |= {environment_name(field): value for field, value in UNLIMITED.items()}
    return ours | {environment_name("log_level"): "warning", environment_name("drain_seconds"): "2"}


def _free_port() -> int:
    """A port that is free now, and then the server's own, also when it starts again."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
