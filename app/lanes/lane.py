"""What waits for one project."""

from __future__ import annotations

import asyncio
from collections import deque
from uuid import UUID

from app.lanes.batches import Item


class Lane:
    """What waits for one project, and the messages of its last batch that are on their way."""

    def __init__(self, project_id: UUID) -> None:
        self.project_id = project_id
        self.waiting: deque[Item] = deque()
        self.under_way = False
        self.ringing: asyncio.Task[None] | None = None

    def take(self, most: int, keys: set[tuple[UUID, UUID]]) -> list[Item]:
        """The next batch: in order, up to the first that must come after what is already in it, or has one of these
        keys, to which those of the batch are added."""
        batch: list[Item] = []
        placed: set[UUID] = set()
        while self.waiting and len(batch) < most:
            item = self.waiting[0]
            if not item.abandoned:
                command, kept_as = item.command, item.kept_as
                if kept_as in keys or command.beside in placed:
                    break
                if kept_as is not None:
                    keys.add(kept_as)
                if command.placing is not None:
                    placed.add(command.placing)
                batch.append(item)
            self.waiting.popleft()
        return batch


Batches = list[tuple[Lane, list[Item]]]
"""What is carried out together, lane by lane."""
