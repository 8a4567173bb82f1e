"""Looks up the packages of `run.txt` and `dev.txt` among known vulnerabilities, with pip-audit.

    python3 requirements/audit.py [--strict]

pip-audit has an environment of its own (`.venv/audit`, pinned and hashed in `audit.txt`): nothing of it belongs into
the service's. Exits with 1 if a package is known to be vulnerable. Where the tool cannot be installed or no list of
advisories can be reached, nothing is known: that is said, plainly, and is a failure only with `--strict`. A check that
needs the network must neither stop those who have none nor look as if it had been made.
"""

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "requirements"
LOCKS = ("run.txt", "dev.txt")
ENVIRONMENT = ROOT / ".venv" / "audit"
PATIENCE_SECONDS = 300
SOURCES = ("pypi", "osv")
"""Where pip-audit can ask: the first that knows the packages is enough."""


class Unknown(Exception):
    """Nothing could be found out, and why."""


def tool() -> Path:
    """pip-audit, installed if it is not."""
    command = ENVIRONMENT / "bin" / "pip-audit"
    lock = FOLDER / "audit.txt"
    stamp = ENVIRONMENT / "installed"
    if stamp.exists() and stamp.read_bytes() == lock.read_bytes():
        return command
    venv.create(ENVIRONMENT, with_pip=True, clear=True)
    python = str(ENVIRONMENT / "bin" / "python")
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    done = _run([*install, "--requirement", str(lock)])
    if done.returncode:
        raise Unknown(f"pip-audit could not be installed: {_last_line(done.stderr)}")
    stamp.write_bytes(lock.read_bytes())
    return command


def findings(command: Path, lock: str) -> list[str]:
    """A line for each known vulnerability of a lock file's packages. Raises `Unknown`."""
    reasons = []
    for source in SOURCES:
        asked = [
            str(command),
            "--vulnerability-service",
            source,
            "--format",
            "json",
            "--progress-spinner",
            "off",
        ]
        done = _run([*asked, "--disable-pip", "--require-hashes", "--requirement", str(FOLDER / lock)])
        try:
            packages = json.loads(done.stdout)["dependencies"]
        except (ValueError, KeyError, TypeError):
            reasons.append(f"{source}: {_last_line(done.stderr)}")
            continue
        skipped = [one["name"] for one in packages if "skip_reason" in one]
        if skipped:
            reasons.append(f"{source}: knows nothing of {len(skipped)} of {len(packages)} packages")
            continue
        return [
            f"{one['name']} {one['version']}: {found['id']}"
            + (f", mended in {found['fix_versions'][0]}" if found["fix_versions"] else "")
            for one in packages
            for found in one["vulns"]
        ]
    raise Unknown("; ".join(reasons))


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    try:
        return subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False, env=environment
        )
    except subprocess.TimeoutExpired:
        raise Unknown(f"no answer within {PATIENCE_SECONDS} s") from None


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[-1][:200]


def main() -> int:
    try:
        command = tool()
        found = sorted({line for lock in LOCKS for line in findings(command, lock)})
    except (Unknown, OSError) as unknown:
        print(f"lockstep: dependencies NOT AUDITED: {unknown}", file=sys.stderr)
        return int("--strict" in sys.argv[1:])
    for line in found:
        print(f"lockstep: vulnerable: {line}", file=sys.stderr)
    if not found:
        print("Dependencies audited: no known vulnerability")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
