"""Makes the virtual environment `.venv` with the pinned, hashed packages of `dev.txt`, and the command
`lockstep`.

    python3 requirements/install.py

Runs on a bare Python 3.11 or newer: nothing but the standard library is there yet. Does nothing when the
environment is of the same Python and packages as asked for.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "dev.txt"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed"
COMMAND = """#!/bin/sh
# Finds its Python beside itself, so that neither a long path nor a space in it matters.
exec "$(dirname -- "$0")/python" -P -m lockstep "$@"
"""


def say(message: str, end: str = "\n") -> None:
    print(message, end=end, flush=True)


def fail(message: str) -> None:
    say(f"lockstep: {message}")
    raise SystemExit(1)


def check_python() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 (this very file is what an older one is given)
        found = ".".join(map(str, sys.version_info[:3]))
        fail(f"needs Python 3.11 or newer; {sys.executable} is {found}. Name a newer one: make PYTHON=…")
    try:
        import ensurepip  # noqa: F401, PLC0415
        import venv  # noqa: F401, PLC0415
    except ImportError:
        version = "{}.{}".format(*sys.version_info)
        fail(f"{sys.executable} has no venv module; on Debian and Ubuntu: apt install python{version}-venv")


def wanted() -> str:
    """What the environment is made of: another answer than the stamp's means making it anew."""
    parts = (LOCK.read_bytes(), COMMAND.encode(), sys.version.encode(), str(ROOT).encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def make_environment() -> None:
    if VENV.exists() and not _usable():
        shutil.rmtree(VENV)
    if not PYTHON.exists():
        say(f"Making a virtual environment with Python {sys.version.split()[0]}")
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)


def _usable() -> bool:
    """Whether an environment that is there runs, and this same version of Python."""
    try:
        answer = subprocess.run(
            [PYTHON, "-c", "import sys, pip; print(sys.version)"], capture_output=True, text=True, check=False
        )
    except OSError:
        return False
    return answer.stdout.strip() == sys.version


def install_packages() -> None:
    """Runs pip, shows which package it is at, and its whole output if it fails."""
    total = len(re.findall(r"(?m)^[A-Za-z0-9][\w.-]*==", LOCK.read_text()))
    command = [str(PYTHON), "-m", "pip", "install", "--require-hashes", "--no-deps", "--only-binary=:all:"]
    command += [
        "--no-input",
        "--disable-pip-version-check",
        "--no-warn-script-location",
        "--progress-bar=off",
    ]
    environment = os.environ | {"PIP_ROOT_USER_ACTION": "ignore", "PYTHONUNBUFFERED": "1"}
    began, seen, output = time.monotonic(), 0, []
    with subprocess.Popen(
        [*command, "-r", str(LOCK)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    ) as pip:
        assert pip.stdout is not None
        for line in pip.stdout:
            output.append(line)
            if found := re.match(r"(?:Collecting|Requirement already satisfied:) ([\w.-]+)", line):
                seen += 1
                show(f"Installing packages: {seen} of {total}, {found[1]}", also_in_logs=seen % 20 == 0)
            elif line.startswith("Installing collected"):
                show(f"Installing packages: {total} of {total}, unpacking")
    if pip.returncode != 0:
        say("\n" + "".join(output[-20:]))
        fail(
            "the packages could not be installed; the lines above are pip's. To try again, repeat the command"
        )
    show(f"Installed {total} packages in {time.monotonic() - began:.0f} seconds")
    if sys.stdout.isatty():
        say("")


def show(line: str, *, also_in_logs: bool = True) -> None:
    """A line that changes, on a terminal; elsewhere one line after the other."""
    if sys.stdout.isatty():
        say(f"\r\x1b[K{line}", end="")
    elif also_in_logs:
        say(line)


def install_command() -> None:
    """Makes the checkout importable, and `lockstep` a command. No build tool is needed for that."""
    packages = next((VENV / "lib").glob("python*/site-packages"))
    (packages / "lockstep-checkout.pth").write_text(f"{ROOT}\n")
    command = VENV / "bin" / "lockstep"
    command.write_text(COMMAND)
    command.chmod(0o755)


def main() -> None:
    check_python()
    if not (STAMP.exists() and STAMP.read_text() == wanted()):
        STAMP.unlink(missing_ok=True)
        make_environment()
        install_packages()
        install_command()
        STAMP.write_text(wanted())
    STAMP.touch()  # newer than the lists, for make


main()
