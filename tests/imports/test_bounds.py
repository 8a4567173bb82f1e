"""Memory, statements and units are bounded: by the batch, not by the file."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from app.imports import batches
from tests.imports.conftest import Importer
from tests.imports.sample import comment, depends, issue, write_tracker

JSON = dict[str, Any]
MEGABYTE = 1 << 20


def some(count: int, *, length: int = 20) -> list[JSON]:
    """Issues with everything an issue can have."""
    return [
        issue(
            f"lk-{n}", description=f"{n} ".ljust(length, "x"), created_by=f"crew/{n % 5}", labels=[f"label {n % 3}"],
            comments=[comment(n, f"Comment {n}")], assignee="mayor",
            dependencies=[depends(f"lk-{n}", f"lk-{(n + 1) % count}", kind) for kind in ("parent-child", "blocks")],
        )
        for n in range(count)
    ]  # fmt: skip


async def test_statements_do_not_depend_on_the_number_of_issues(importer: Importer, tmp_path: Path) -> None:
    sent = []
    for key, count in (("WARM", 10), ("FEW", 10), ("MANY", 400)):
        path = write_tracker(tmp_path / f"{key}.jsonl", some(count))
        with importer.service.statements() as statements:
            done = await importer.run(path, key)
        sent.append((len(statements), done.report.units))
    assert sent[1] == sent[2], sent


async def test_units_are_batches(importer: Importer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH_RECORDS", 10)
    done = await importer.run(write_tracker(tmp_path / "tracker.jsonl", some(40)))
    # Words, people, four of issues, four of links.
    assert done.report.units == 10


def test_a_batch_ends_with_much_text() -> None:
    from app.imports.records import Record  # noqa: PLC0415
    from tests.imports.shown import moment  # noqa: PLC0415

    at = moment("2025-01-01T00:00:00Z")
    long = "x" * (batches.BATCH_CHARACTERS // 4)
    records = [
        Record(n, str(n), "t", "open", "task", at, at, sections={"description": long}) for n in range(10)
    ]
    assert [len(batch) for batch in batches.batches(records)] == [4, 4, 2]


@pytest.mark.parametrize("planted", [False, True])
async def test_memory_does_not_grow_with_the_file(
    importer: Importer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, planted: bool
) -> None:
    """A file four times as long takes no more memory; with batches as long as the file (planted), it does."""
    monkeypatch.setattr(batches, "BATCH_CHARACTERS", 1 << 30 if planted else MEGABYTE)
    peaks = []
    for key, count in (("SMALL", 40), ("LARGE", 160)):
        path = write_tracker(tmp_path / f"{key}.jsonl", some(count, length=90_000))
        tracemalloc.start()
        try:
            await importer.run(path, key)
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    small, large = peaks
    assert (large - small > 8 * MEGABYTE) is planted, [peak / MEGABYTE for peak in peaks]
