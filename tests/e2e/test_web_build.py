"""`web/build.py`: types that hold, a second run at once, and failures that break nothing."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]


def build(root: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the build of the checkout at `root`."""
    command = [sys.executable, str(root / "web" / "build.py"), *options]
    return subprocess.run(
        command, capture_output=True, text=True, env=os.environ | environment, timeout=300, check=False
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the sources with the pages as they were built last."""
    left_out = shutil.ignore_patterns("node_modules", "__pycache__")
    shutil.copytree(ROOT / "web", tmp_path / "web", ignore=left_out)
    return tmp_path


def test_sources_type_check() -> None:
    """The page's TypeScript has no type error, and is built afterwards."""
    result = build(ROOT, "--check")
    assert result.returncode == 0, result.stdout + result.stderr


def test_second_run_does_nothing(checkout: Path) -> None:
    """Unchanged sources are recognised without npm, within half a second."""
    started = time.monotonic()
    result = build(checkout, PATH="")
    assert result.stdout == "GraphiQL: up to date\n"
    assert time.monotonic() - started < 0.5


def test_without_a_registry_the_last_pages_stay(checkout: Path) -> None:
    """A changed source and no registry: status 1, the reason and the remedy; the old pages stay."""
    before = (checkout / "web" / "dist" / "index.html").read_bytes()
    with (checkout / "web" / "src" / "lockstep.css").open("a") as style:
        style.write("/* changed */\n")
    result = build(
        checkout,
        npm_config_registry="http://127.0.0.1:9/",  # nothing listens on the discard port
        npm_config_cache=str(checkout / "cache"),
    )
    assert result.returncode == 1
    assert "the package registry cannot be reached" in result.stderr
    assert "make web" in result.stderr
    assert (checkout / "web" / "dist" / "index.html").read_bytes() == before


def test_lock_file_has_hashes_and_no_addresses() -> None:
    """Every package is held by its hash, and none by where it came from."""
    lock = (ROOT / "web" / "package-lock.json").read_text()
    assert "://" not in lock
    assert lock.count('"integrity"') == lock.count('    "node_modules/')
