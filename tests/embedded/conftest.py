"""Folders for embedded servers, and processes that hold them."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 300.0


@dataclass
class Holder:
    """A running `holder.py`; the numbers are process ids."""

    process: subprocess.Popen[str]
    watcher: int
    postgres: int
    redis: int
    owner_url: str

    @property
    def output(self) -> IO[str]:
        assert self.process.stdout is not None
        return self.process.stdout

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE_SECONDS)

    def servers_end(self) -> bool:
        """Whether watcher, database and Redis end by themselves in good time."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while alive := [pid for pid in (self.watcher, self.postgres, self.redis) if _lives(pid)]:
            if time.monotonic() > deadline:
                return not alive
            time.sleep(0.01)
        return True


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data folder that the servers' account can reach, as `.lockstep` in an ordinary checkout."""
    path = Path(tempfile.mkdtemp(prefix="lockstep-test-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def hold(data_dir: Path) -> Iterator[Callable[[], Holder]]:
    """Starts a holder of `data_dir`, whose processes are all killed at the end."""
    with contextlib.ExitStack() as stack:

        def start() -> Holder:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.embedded.holder", str(data_dir)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd=ROOT,
                start_new_session=True,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            assert process.stdout is not None
            line = json.loads(process.stdout.readline())
            for name in ("postgres", "redis", "watcher"):
                stack.callback(_kill, line[name])
            line.pop("holder")
            return Holder(process, **line)

        yield start


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
