"""A run that is killed leaves whole batches; run again, it ends as one that was not."""

from __future__ import annotations

import asyncio
import copy
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from app.imports import batches
from tests.imports.conftest import Importer
from tests.imports.sample import depends, issue, write_tracker
from tests.imports.shown import compare_tracker
from tests.ledger import Log

JSON = dict[str, Any]

BATCH = 50

# Three batches of issues, then three of links; parents lie before, after and in the same batch.
ISSUES = [
    issue(
        f"lk-{n}", description=f"Text {n}", created_by=f"crew/{n % 7}", labels=[f"label {n % 5}"],
        comments=[{"id": n, "author": "mayor", "text": f"Comment {n}", "created_at": "2025-03-03T08:00:00Z"}],
        dependencies=[depends(f"lk-{n}", f"lk-{(n * 37 + 11) % 130}", kind) for kind in ("parent-child", "blocks")],
    )
    for n in range(130)
]  # fmt: skip

UNITS = 8
"""The project, words, people, three batches of issues, three of links (the last is not killed)."""


def plain(shown: dict[str, JSON]) -> dict[str, JSON]:
    """What is shown, without what differs between any two runs: the order of links made in one unit."""
    alike = copy.deepcopy(shown)
    for task in alike.values():
        task["links"].sort(
            key=lambda way: (way["direction"], way["link"]["kind"], way["task"]["externalRef"])
        )
    return alike


@pytest.mark.parametrize("place", ["before-commit", "after-commit"])
async def test_killed_and_run_again(
    importer: Importer, tmp_path: Path, log: Log, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    path = write_tracker(tmp_path / "tracker.jsonl", ISSUES)
    monkeypatch.setattr(batches, "BATCH_RECORDS", BATCH)
    whole = await importer.run(path, "WHOLE")
    settings = importer.service.settings
    url, owner_url = settings.database_url, settings.database_owner_url
    killed = 0
    for count in range(1, UNITS + 1):
        # Each start finds what the ones before it committed, and gets one unit further.
        numbers = [str(count), str(BATCH)]
        command = ["-m", "tests.imports.import_until", url, owner_url, str(path), "PARTS", place, *numbers]
        ended = await asyncio.create_subprocess_exec(sys.executable, *command, cwd=Path(__file__).parents[2])
        if await ended.wait() == 0:
            break
        assert ended.returncode == -signal.SIGKILL
        killed += 1
        await log.check_order()
    assert killed >= 3
    last = await importer.run(path, "PARTS")
    parts = await importer.shown("PARTS")
    assert plain(parts) == plain(await importer.shown("WHOLE"))
    compare_tracker(path, parts)
    assert (last.report.changed, whole.report.changed) == (last.report.units > 0, True)
