"""Our end of the socket to the watcher, the process that keeps the servers."""

import json
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from lockstep.embedded import watcher
from lockstep.embedded.errors import ServersError


class Watcher:
    """This process's end of the socket to `watcher.py`; threads may share it."""

    def __init__(self, lock: int, log: Path) -> None:
        self._control, theirs = socket.socketpair()
        self._turn = threading.Lock()
        with theirs, log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", watcher.__file__, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                pass_fds=[theirs.fileno(), lock],
                start_new_session=True,  # a Ctrl-C is for the service: it drains before the servers end
            )
        self._lines = self._control.makefile("rwb", buffering=0)

    def start(self, request: dict[str, Any]) -> int:
        """Starts a server and returns its pid; raises ServersError if it cannot even be started."""
        return int(self._exchange(request))

    def ask(self, what: str, name: str) -> Any:
        return self._exchange({"do": what, "name": name})

    def close(self) -> None:
        """Ends the servers by closing the socket, and waits for it."""
        with self._turn:
            self._lines.close()
            self._control.close()
            self._process.wait()

    def _exchange(self, request: dict[str, Any]) -> Any:
        try:
            with self._turn:
                self._lines.write(json.dumps(request).encode() + b"\n")
                line = self._lines.readline()
        except (OSError, ValueError) as error:
            raise ServersError("the servers' watcher is gone") from error
        reply: dict[str, Any] = json.loads(line) if line else {"error": "the servers' watcher is gone"}
        if "error" in reply:
            raise ServersError(f"{request['name']}: {reply['error']}")
        return reply["ok"]
