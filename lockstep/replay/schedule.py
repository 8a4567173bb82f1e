"""Which step can be sent now, and by whom: a step waits for the answers of those it builds on."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Sequence

from lockstep.replay.plan import Step


class Schedule:
    """Steps ready to be sent, per client, earliest first."""

    def __init__(self, steps: Sequence[Step], clients: int) -> None:
        self.steps = steps
        self.answered = 0
        self.finished = asyncio.Event()
        self.seqs = [0] * len(steps)
        """The log's position in each step's answer; 0 before it, and for a refusal."""
        self._ready: list[list[int]] = [[] for _ in range(clients)]
        self._woken = [asyncio.Event() for _ in range(clients)]
        self._missing = [len(set(step.after)) for step in steps]
        self._following: list[list[int]] = [[] for _ in steps]
        self._marks: list[tuple[int, asyncio.Event]] = []
        for step in steps:
            for earlier in set(step.after):
                self._following[earlier].append(step.index)
        for step in steps:
            if not self._missing[step.index]:
                self._ready[step.client].append(step.index)
        for ready in self._ready:
            heapq.heapify(ready)
        if not steps:
            self.finished.set()

    def ready(self, client: int) -> bool:
        """Whether there is a step for the client now."""
        return bool(self._ready[client])

    async def take(self, client: int) -> Step:
        """The client's next step, when there is one."""
        while not self.ready(client):
            self._woken[client].clear()
            await self._woken[client].wait()
        return self.steps[heapq.heappop(self._ready[client])]

    def answer(self, step: Step, seq: int) -> None:
        """The step was answered (or given up): those that waited for it may go."""
        self.seqs[step.index] = seq
        self.answered += 1
        for index in self._following[step.index]:
            self._missing[index] -= 1
            if not self._missing[index]:
                client = self.steps[index].client
                heapq.heappush(self._ready[client], index)
                self._woken[client].set()
        for count, mark in self._marks:
            if self.answered >= count:
                mark.set()
        if self.answered == len(self.steps):
            self.finished.set()

    def known_to(self, step: Step) -> int:
        """The position that shows the answers to all that the step builds on."""
        return max((self.seqs[index] for index in step.after), default=0)

    async def reached(self, share: float) -> None:
        """Returns when this share of all steps is answered."""
        mark = asyncio.Event()
        count = int(len(self.steps) * share)
        if self.answered < count:
            self._marks.append((count, mark))
            await mark.wait()
