"""`taskUpdate` as a usual application writes it: read, compare, save, number, record, commit, publish."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select, update

from benchmarks.peers.strawberry_orm import models as m


async def update_task(context: dict[str, Any], task_id: str, expected: int, title: str) -> int | None:
    """The new version, or None if the task is not at the expected one."""
    session = context["session"]
    project_id = await session.scalar(
        select(m.Location.project_id).where(m.Location.task_id == UUID(task_id))
    )
    task = await session.get(m.WrittenTask, (project_id, UUID(task_id)), with_for_update=True)
    if task is None or task.version != expected:
        await session.rollback()
        return None
    old, task.title = task.title, title
    task.version += 1
    task.updated_at = datetime.now(UTC)
    await session.flush()
    seq = await session.scalar(
        update(m.Clock).where(m.Clock.id == project_id).values(seq=m.Clock.seq + 1).returning(m.Clock.seq)
    )
    payload = {"fields": {"title": [old, title]}}
    session.add(
        m.Event(
            project_id=project_id, seq=seq, task_id=task.id, payload=payload, recorded_at=datetime.now(UTC)
        )
    )
    await session.commit()
    await context["redis"].publish(f"project:{project_id}", orjson.dumps({"seq": seq, "payload": payload}))
    return expected + 1
