"""`lockstep serve` in a process of its own, to be killed at a named place."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

from app.config import Settings
from tests.generous import ENVIRONMENT

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 120


class Process:
    """A serving process; `address` is where."""

    def __init__(self, settings: Settings, *, kill_at: str = "", **environment: str) -> None:
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR")}
        given = {
            "DATABASE_URL": settings.database_url,
            "REDIS_URL": settings.redis_url,
            "LOCKSTEP_DATA_DIR": str(settings.data_dir),
            "LOCKSTEP_PORT": "0",
        }
        if kill_at:
            given["LOCKSTEP_TEST_KILL_AT"] = kill_at
        self.process = subprocess.Popen(
            [sys.executable, "-m", "lockstep", "serve", "--workers", "1"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, cwd=ROOT,
            env=kept | ENVIRONMENT | given | environment, start_new_session=True,
        )  # fmt: skip
        self.lines: list[str] = []
        self.address = ""
        self._told = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            found = re.search(r"http://127\.0\.0\.1:\d+", line)
            if found and not self.address:
                self.address = found[0]
                self._told.set()
        self._told.set()

    def wait(self) -> str:
        """Once it serves: its address."""
        self._told.wait(PATIENCE_SECONDS)
        assert self.address, "".join(self.lines)
        return self.address

    def ended_by(self) -> signal.Signals:
        """Once it was killed: by which signal."""
        return signal.Signals(-self.process.wait(PATIENCE_SECONDS))

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE_SECONDS)
        self._reader.join(PATIENCE_SECONDS)
        assert self.process.stdout is not None
        self.process.stdout.close()
