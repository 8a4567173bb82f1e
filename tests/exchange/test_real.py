"""Both real trackers: imported, exported, brought into a fresh workspace, and exported again as the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from app.history.checkpoints import write_checkpoints
from tests.exchange.test_round_trip import exported, fetched, imported, meaning
from tests.imports.conftest import Importer, importer, real
from tests.service import Service
from tests.world import World, uuids

__all__ = ["importer", "real"]


@pytest.mark.e2e
@pytest.mark.parametrize("name", ["tracker-issues.jsonl", "github-archive.json"])
async def test_a_real_tracker_comes_back_as_it_was(
    world: World, service: Service, importer: Importer, real: Callable[[str], Path], tmp_path: Path, name: str
) -> None:
    await importer.run(real(name))
    project = await importer.project()
    view = await world.view(
        "Open", by="owner", projectId=project, query="is:open -priority:none sort:-updated"
    )
    for given in ({"viewId": view["id"], "swimlanes": "ASSIGNEE"}, {"query": "created:>-30d"}):
        await world.owner.do("boardCreate", projectId=project, name="Board", **given)
    await write_checkpoints(service.application.store)
    path = tmp_path / "export.jsonl"
    path.write_bytes(await fetched(world.owner, f"/exports/projects/{project}.jsonl"))
    before = [json.loads(line) for line in path.read_bytes().splitlines()]
    workspace = (await world.outsider.do("workspaceCreate", name="Fresh"))["workspace"]
    report, [project_id] = await imported(service, world.outsider, workspace, path)
    await write_checkpoints(service.application.store)
    found = (await world.outsider.query("{ projects { id } }"))["projects"]
    here = next(one["id"] for one in found if uuids(one["id"])[0] == project_id)
    after = await exported(world.outsider, here)
    assert len(meaning(before)) > 1000
    assert sum(line["type"] in ("view", "board") for line in before[1:]) == 3
    assert meaning(after) == meaning(before)
    again, _ = await imported(service, world.outsider, workspace, path)
    assert again.events == 0
    assert report.counts["links"] == sum(line["type"] == "link" for line in before[1:])
