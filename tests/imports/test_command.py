"""`lockstep import` as it is typed, and who may."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.errors import NotFound, PermissionDenied
from app.imports.targets import TargetUnclear, find_target, looking
from tests.imports.conftest import Importer
from tests.imports.sample import ISSUES, write_tracker
from tests.ledger import Log
from tests.world import World

ROOT = Path(__file__).parents[2]


def command(importer: Importer, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs it against the test's database."""
    settings = importer.service.settings
    environment = os.environ | {
        "DATABASE_URL": settings.database_url, "DATABASE_OWNER_URL": settings.database_owner_url,
        "REDIS_URL": settings.redis_url,
        "LOCKSTEP_DATA_DIR": str(settings.data_dir),
    }  # fmt: skip
    line = [sys.executable, "-m", "lockstep", "import", *map(str, arguments)]
    return subprocess.run(
        line, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


async def test_what_it_prints(importer: Importer, tmp_path: Path, log: Log) -> None:
    path = write_tracker(tmp_path / "tracker.jsonl", ISSUES)
    before = await log.fingerprint()
    tried = command(importer, path, "--project", "LMP", "--workspace", "Works", "--dry-run")
    assert tried.returncode == 0, tried.stderr
    assert f"would do LMP: {len(ISSUES)} issues new" in tried.stdout
    assert await log.fingerprint() == before
    done = command(importer, path, "--project", "LMP", "--workspace", "Works")
    assert done.returncode == 0, done.stderr
    assert f"imported into LMP: {len(ISSUES)} issues new" in done.stdout
    assert "line 13 lk-13: comment 1 not kept: it has no text" in done.stdout
    foretold = [line for line in tried.stdout.splitlines() if line.startswith("line ")]
    assert foretold == [line for line in done.stdout.splitlines() if line in foretold]
    again = command(importer, path, "--project", "lmp")
    assert f"{len(ISSUES)} issues as they were" in again.stdout
    assert "nothing changed" in again.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nowhere.jsonl", "--project", "LMP"), "cannot read nowhere.jsonl"),
        (("README.md", "--project", "LMP", "--workspace", "Works"), "cannot import README.md"),
        (("{file}", "--project", "LMP"), "several workspaces; say which with --workspace: "),
        (("{file}", "--project", "LMP", "--workspace", "None"), "no workspace None"),
        (("{file}", "--project", "l m", "--workspace", "Works"), "A project key is"),
        (("{file}", "--project", "ENG", "--as", "nobody@lockstep.example"), "nobody signs in"),
        (("{file}", "--project", "ENG", "--as", "member@lockstep.example"), "needs the role manager"),
    ],
)
async def test_what_is_wrong_is_one_line(
    importer: Importer, tmp_path: Path, log: Log, arguments: tuple[str, ...], told: str
) -> None:
    path = write_tracker(tmp_path / "tracker.jsonl", ISSUES)
    (tmp_path / "README.md").write_text("# Read me\n")
    before = await log.fingerprint()
    named = [one.format(file=path).replace("README.md", str(tmp_path / "README.md")) for one in arguments]
    ended = command(importer, *named)
    assert ended.returncode == 1
    assert told in ended.stderr.replace(str(tmp_path) + "/", "")
    assert len([line for line in ended.stderr.splitlines() if line.strip()]) == 1
    assert await log.fingerprint() == before


async def test_who_may(importer: Importer, world: World, tmp_path: Path, log: Log) -> None:
    path = write_tracker(tmp_path / "tracker.jsonl", ISSUES)
    before = await log.fingerprint()
    for name in ("member", "viewer", "guest"):
        with pytest.raises(PermissionDenied):
            await importer.run(path, "ENG", email=world.person(name).email)
    # What they cannot see is not there: it would be a new project, which a guest may not make.
    with pytest.raises((PermissionDenied, NotFound)):
        await importer.run(path, "SEC", email=world.guest.email)
    with pytest.raises(TargetUnclear):
        await importer.run(path, "ENG", email=world.outsider.email)
    assert await log.fingerprint() == before
    # A manager may, but only an admin of the workspace may bring new people into it.
    with pytest.raises(PermissionDenied):
        await importer.run(path, "ENG", email=world.manager.email)
    assert await log.events(kind="TaskCreated", actor_kind="import") == []
    done = await importer.run(path, "ENG", email=world.admin.email)
    assert done.report.counts["created"] == len(ISSUES)


async def test_the_owner_acts_for_whoever_holds_the_database(importer: Importer, world: World) -> None:
    application = importer.service.application
    async with looking(application.store.database, application.settings.database_owner_url, None) as reader:
        target = await find_target(reader, "eng", workspace=None, email=None)
    assert target.actor_id == world.uuid("owner")
