"""What the peers need, from npm and PyPI, held by the hashes of the lock files here."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from web.build import Node, is_new_enough, system_node, wheel_node

HERE = Path(__file__).resolve().parent
BUILD = HERE.parent.parent / "build"
LEAST_NODE = 22
"""PostGraphile's; all peers run on the same one, since a newer one is a faster one."""


class NotInstalled(Exception):
    """A peer cannot be had; the message says why."""


@cache
def node() -> Node:
    """The machine's Node.js if it is new enough, else that of the pinned wheel."""
    found = system_node()
    if found:
        version = _run([found.node, "--version"], "asking for the version of Node.js")
        if is_new_enough(version) and int(version.lstrip("v").split(".")[0]) >= LEAST_NODE:
            return found
    return wheel_node()


def install_npm(folder: Path) -> None:
    """`npm ci`, unless the packages are those of the lock file already. Packages' own scripts never run."""
    stamp = folder / "node_modules" / ".installed"
    if _done(stamp, folder / "package-lock.json"):
        return
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    _run([*node().npm, "ci", *options], f"npm ci in {folder.name}", folder, node().environment)
    stamp.write_text(_hash(folder / "package-lock.json"))


def install_pip(lock: Path, name: str) -> Path:
    """The packages of a file with hashes in a folder of their own, apart from ours."""
    folder = BUILD / name
    stamp = folder / ".installed"
    if not _done(stamp, lock):
        shutil.rmtree(folder, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        _run([*pip, "--require-hashes", "--target", str(folder), "-r", str(lock)], f"installing {lock.name}")
        stamp.write_text(_hash(lock))
    return folder


@cache
def compiled(source: Path) -> Path:
    """The program that a C file makes."""
    program = BUILD / "native" / source.stem
    stamp = program.with_suffix(".source")
    if not _done(stamp, source):
        program.parent.mkdir(parents=True, exist_ok=True)
        _run([*_compiler(), "-O2", "-o", str(program), str(source)], f"compiling {source.name}")
        stamp.write_text(_hash(source))
    return program


def _compiler() -> list[str]:
    found = shutil.which("gcc") or shutil.which("cc")
    if found:
        return [found]
    zig = install_pip(HERE / "compiler.txt", "compiler") / "ziglang" / "zig"
    return [str(zig), "cc"]


def _done(stamp: Path, wanted: Path) -> bool:
    return stamp.is_file() and stamp.read_text() == _hash(wanted)


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _run(
    command: Sequence[str], what: str, folder: Path | None = None, environment: dict[str, str] | None = None
) -> str:
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotInstalled(f"{what}: {(done.stderr or done.stdout).strip()[-500:]}")
    return done.stdout
