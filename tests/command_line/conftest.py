"""The real command, in processes of its own."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 300


class Command:
    """A running `lockstep …`; what it prints is collected as it comes."""

    def __init__(self, *words: str, **environment: str) -> None:
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "lockstep", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
            env=kept | environment,
            start_new_session=True,
        )
        self.lines: list[str] = []
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._news:
                self.lines.append(line.rstrip())
                self._news.notify_all()
        with self._news:
            self._news.notify_all()

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def wait_for(self, words: str) -> str:
        """The first line that holds `words`."""
        with self._news:
            found = self._news.wait_for(
                lambda: (
                    next((line for line in self.lines if words in line), None) or not self._reader.is_alive()
                ),
                PATIENCE_SECONDS,
            )
        assert isinstance(found, str), f"{words!r} was not printed:\n{self.output}"
        return found

    def end(self) -> int:
        """Waits for its end; the exit status."""
        status = self.process.wait(PATIENCE_SECONDS)
        self._reader.join(PATIENCE_SECONDS)
        return status

    def interrupt(self) -> None:
        """Ctrl-C: the terminal sends SIGINT to all processes of the foreground group."""
        os.killpg(self.process.pid, signal.SIGINT)

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE_SECONDS)
        self._reader.join(PATIENCE_SECONDS)
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def lockstep() -> Iterator[Callable[..., Command]]:
    with contextlib.ExitStack() as stack:

        def start(*words: str, **environment: str) -> Command:
            command = Command(*words, **environment)
            stack.callback(command.close)
            return command

        yield start


@pytest.fixture
def data_dir() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="lockstep-test-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path, ignore_errors=True)
