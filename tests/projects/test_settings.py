"""Settings and words of a project: what cannot be null, and ids that are something else's."""

from __future__ import annotations

from typing import Any

import pytest

from tests.invariants import refused_unchanged
from tests.ledger import Log
from tests.world import World, uuids


@pytest.mark.parametrize("field", ["conflictPolicy", "visibility", "workspaceRole", "archived"])
async def test_a_setting_is_never_null(world: World, log: Log, field: str) -> None:
    given: dict[str, Any] = {"id": world.eng["id"], "expectedVersion": 1, field: None}
    error = await refused_unchanged(log, world.owner.refused("projectUpdate", **given))
    assert (error["code"], error["path"]) == ("VALIDATION_FAILED", [field])


async def test_a_status_always_means_something(world: World, log: Log) -> None:
    given: dict[str, Any] = {"id": world.eng["statuses"][0]["id"], "expectedVersion": 1, "category": None}
    error = await refused_unchanged(log, world.owner.refused("statusUpdate", **given))
    assert (error["code"], error["path"]) == ("VALIDATION_FAILED", ["category"])


@pytest.mark.parametrize("mutation", ["labelCreate", "taskTypeCreate"])
async def test_a_word_does_not_take_a_tasks_id(world: World, log: Log, mutation: str) -> None:
    """Else the task's history would tell the word's events, and a deleted word would clash with its edits."""
    task = await world.task()
    given: dict[str, Any] = {"projectId": world.eng["id"], "name": "Twin", "id": str(uuids(task["id"])[0])}
    error = await refused_unchanged(log, world.manager.refused(mutation, **given))
    assert (error["code"], error["path"]) == ("VALIDATION_FAILED", ["id"])
