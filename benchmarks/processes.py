"""Servers to be measured, and what the operating system says they took."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

READY_SECONDS = 240
STOP_SECONDS = 30
PR_SET_PDEATHSIG = 1


class Clock:
    """On-CPU time of a process tree from now on, to the nanosecond (`/proc/PID/task/TID/schedstat`).

    With `sessions`, of a PostgreSQL's sessions alone: what runs beside them (vacuum, checkpoints) is nobody's request.
    """

    def __init__(self, pid: int, *, sessions: bool = False) -> None:
        self._pid = pid
        self._sessions = sessions
        self._began = self._now()

    def ms(self) -> float:
        """Since it was made. What processes took that are gone by now is not in it."""
        return sum(spent - self._began.get(process, 0) for process, spent in self._now().items()) / 1e6

    def _now(self) -> dict[int, int]:
        return {
            process: sum(map(_nanoseconds, Path(f"/proc/{process}/task").glob("*/schedstat")))
            for process in tree(self._pid)
            if not self._sessions or _is_session(process)
        }


def memory_bytes(pid: int) -> int:
    """Private and shared memory that a process tree holds now (`Pss`: what is shared counts in parts)."""
    total = 0
    for process in tree(pid):
        for line in _text(f"/proc/{process}/smaps_rollup").splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total


def _nanoseconds(schedstat: Path) -> int:
    return int(_text(str(schedstat)).split(maxsplit=1)[0])


def _is_session(process: int) -> bool:
    # "postgres: role database 127.0.0.1(port) doing": only a client's session has an address.
    return "127.0.0.1(" in _text(f"/proc/{process}/cmdline")


def _text(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:  # it has just ended
        return "0"


def tree(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += map(int, task.read_text().split())
            except OSError:
                continue
    return found


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    port: int,
    path: str,
    program: Sequence[str] = (sys.executable,),
) -> Iterator[int]:
    """A server as a process of its own, once it answers; its pid. It ends with us, even if we are killed."""
    process = start([*program, *arguments], environment)
    try:
        _wait(process, f"http://127.0.0.1:{port}{path}")
        yield process.pid
    finally:
        stop(process)


def start(command: Sequence[str], environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """A process whose standard input and output are ours, and that is ended when this one ends."""
    return subprocess.Popen(
        command,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE if environment is None else subprocess.DEVNULL,
        preexec_fn=end_with_parent,  # noqa: PLW1509 (asks the kernel one thing, and takes no lock)
    )


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask it to end; end it if it does not."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for stream in (process.stdin, process.stdout):
        if stream:
            stream.close()


_prctl = getattr(ctypes.CDLL(None), "prctl", None)


def end_with_parent() -> None:
    """Have the kernel end this process when the one that started it is gone."""
    if _prctl:
        _prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)


def _wait(process: subprocess.Popen[bytes], url: str) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"a server ended with status {process.returncode}")
        try:
            if httpx.get(url).status_code < 500:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise RuntimeError(f"{url} did not answer within {READY_SECONDS} s")
