"""The npm packages of `tests/clients/`, installed as its lock file has them."""

import asyncio
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from web.build import Node, system_node, wheel_node

CLIENTS = Path(__file__).parents[1] / "clients"
MODULES = CLIENTS / "node_modules"
INSTALL_SECONDS = 600
RUN_SECONDS = 240


@dataclass(frozen=True)
class Packages:
    """A Node.js with the packages beside it."""

    node: Node

    async def run(self, *command: str, **environment: str) -> tuple[int, str]:
        """A Node.js program of these; its exit status and all it printed."""
        return await _run([self.node.node, *command], self.node.environment | environment, RUN_SECONDS)

    async def tool(self, name: str, *arguments: str, **environment: str) -> tuple[int, str]:
        """A command that one of the packages brings."""
        return await self.run(str(MODULES / ".bin" / name), *arguments, **environment)


async def install() -> Packages:
    """`npm ci`, unless the packages are already those of the lock file. Packages' own scripts never run."""
    node = system_node() or wheel_node()
    stamp = MODULES / ".installed"
    wanted = hashlib.sha256((CLIENTS / "package-lock.json").read_bytes()).hexdigest()
    if not (stamp.is_file() and stamp.read_text() == wanted):
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        status, output = await _run([*node.npm, "ci", *options], node.environment, INSTALL_SECONDS)
        assert status == 0, output
        stamp.write_text(wanted)
    return Packages(node)


async def _run(command: list[str], environment: dict[str, str], seconds: float) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=CLIENTS,
        env=os.environ | environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), seconds)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    assert process.returncode is not None
    return process.returncode, output.decode(errors="replace")
