"""Keeps server processes for exactly as long as the process that started this one lives.

Run as `python watcher.py CONTROL`, where CONTROL is a socket whose other end only the parent holds: when the
parent ends, however it ends, the kernel closes that end, and this process stops the servers and ends too. If
this process is killed itself, the kernel signals the servers (Linux). Imports the standard library alone, so
that it starts in a blink and needs no folder of the environment later.

Each line on the socket is a JSON request, answered by one line `{"ok": …}` or `{"error": text}`:

    {"do": "start", "name", "argv", "cwd", "log", "input", "user", "group", "keep": [open file, …],
     "stop": [[signal, seconds], …]}    → ok: its pid
    {"do": "state", "name"}             → ok: null while it runs, else its exit status
    {"do": "stop", "name"}              → its stop signals in turn, SIGKILL at last
    {"do": "kill", "name"}              → SIGKILL
"""

import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

PR_SET_PDEATHSIG = 1
KILL_SECONDS = 10.0


class Keeper:
    """The servers in hand, by name."""

    def __init__(self) -> None:
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.stops: dict[str, list[tuple[signal.Signals, float]]] = {}

    def answer(self, request: dict[str, Any]) -> Any:
        name = request["name"]
        if request["do"] == "start":
            return self.start(request)
        process = self.processes[name]
        if request["do"] == "stop":
            self.finish(name)
        elif request["do"] == "kill":
            process.kill()
            process.wait(KILL_SECONDS)
        return process.poll()

    def start(self, request: dict[str, Any]) -> int:
        name = request["name"]
        running = self.processes.get(name)
        if running and running.poll() is None:
            raise RuntimeError(f"{name} runs already")
        stops = [(signal.Signals[word], float(seconds)) for word, seconds in request["stop"]]
        user, group = request["user"], request["group"]
        with open(request["log"], "ab") as log:  # noqa: PTH123 (pathlib costs a third of the start)
            process = subprocess.Popen(
                request["argv"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=request["cwd"],
                env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
                user=user,
                group=group,
                extra_groups=None if user is None else [],
                pass_fds=request["keep"],
                preexec_fn=_die_with_parent(stops[0][0]),  # noqa: PLW1509 (this process has one thread)
            )
        self.processes[name], self.stops[name] = process, stops
        if process.stdin:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(request["input"].encode())
                process.stdin.close()
        return process.pid

    def finish(self, name: str) -> None:
        process = self.processes[name]
        for word, seconds in [*self.stops[name], (signal.SIGKILL, KILL_SECONDS)]:
            if process.poll() is not None:
                return
            process.send_signal(word)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(seconds)

    def finish_all(self) -> None:
        for name, process in self.processes.items():
            if process.poll() is None:
                process.send_signal(self.stops[name][0][0])
        for name in self.processes:
            self.finish(name)


def _die_with_parent(word: signal.Signals) -> Callable[[], None]:
    """For the child to run before it becomes a server: have the kernel send it `word` when this process
    ends."""
    if not sys.platform.startswith("linux"):
        return lambda: None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, int(word), 0, 0, 0)
        if os.getppid() != parent:  # it ended before we could ask
            os._exit(1)

    return ask


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def main() -> None:
    for word in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(word, _leave)
    keeper = Keeper()
    try:
        with socket.socket(fileno=int(sys.argv[1])) as control, control.makefile("rwb", buffering=0) as lines:
            while line := lines.readline():
                try:
                    reply: dict[str, Any] = {"ok": keeper.answer(json.loads(line))}
                except (OSError, RuntimeError, KeyError, subprocess.SubprocessError) as error:
                    reply = {"error": str(error) or type(error).__name__}
                lines.write(json.dumps(reply).encode() + b"\n")
    except OSError:
        pass  # the parent went away between a request and its answer
    finally:
        for word in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(word, signal.SIG_IGN)
        keeper.finish_all()


if __name__ == "__main__":
    main()
