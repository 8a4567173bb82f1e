"""The tour of README.md, pasted into one shell against a service on data of its own, block by block."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.e2e.demo import Service

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 120
BLOCK = re.compile(r"^```sh\n(.*?)^```\n(?:```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)


def tour(readme: str) -> list[tuple[str, str]]:
    """The commands of each block, with what they are said to print."""
    _, _, told = readme.partition("<!-- tour -->")
    return BLOCK.findall(told.partition("<!-- /tour -->")[0])


def pattern_of(printed: str) -> re.Pattern[str]:
    """`…` stands for anything; a line of it alone for any number of lines."""
    lines = (
        r"(?:.*\n)*?" if line == "…" else re.escape(line).replace("…", ".*") + r"\n"
        for line in printed.splitlines()
    )
    return re.compile("".join(lines))


class Shell:
    """A bash that takes commands as a person pastes them."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._said = ""

    async def paste(self, commands: str) -> None:
        assert self._process.stdin is not None
        self._said = ""
        self._process.stdin.write(commands.encode())
        await self._process.stdin.drain()

    async def prints(self, expected: re.Pattern[str]) -> None:
        """Waits until the output has what is expected."""
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not expected.search(self._said):
                    part = await self._process.stdout.read(65536)
                    assert part, "the shell has ended"
                    self._said += part.decode()
        except (TimeoutError, AssertionError) as error:
            raise AssertionError(f"expected:\n{expected.pattern}\nprinted:\n{self._said}") from error


@asynccontextmanager
async def bash(service: Service) -> AsyncIterator[Shell]:
    given = {name: value for name, value in os.environ.items() if not name.startswith("LOCKSTEP_")}
    process = await asyncio.create_subprocess_exec(
        "bash", "-eu",
        cwd=ROOT,
        env=given | {"SERVICE": service.address, "LOCKSTEP_DATA_DIR": str(service.data_dir)},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        yield Shell(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), PATIENCE_SECONDS)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def test_the_tour_can_be_pasted(service: Service) -> None:
    """Each block prints what README.md says, twice over: a second reader starts where the first one ended."""
    python = str(Path(sys.executable).parent)
    blocks = tour((ROOT / "README.md").read_text())
    assert len(blocks) >= 9
    # The replay has servers of its own, and is as fresh the second time.
    for told in (blocks, [block for block in blocks if "lockstep replay" not in block[0]]):
        async with bash(service) as shell:
            for commands, printed in told:
                here = commands.replace("http://127.0.0.1:8000", service.address)
                await shell.paste(here.replace(".venv/bin", python))
                if printed:
                    await shell.prints(pattern_of(printed))


def test_a_wrong_promise_is_noticed() -> None:
    """Planted: another number than printed does not match; left-out lines do."""
    printed = '{\n  "version": 2,\n  "title": "x"\n}\n'
    assert pattern_of('…\n  "version": 2,\n…\n').search(printed)
    assert pattern_of('  "version": …,\n').search(printed)
    assert not pattern_of('…\n  "version": 3,\n…\n').search(printed)
