"""One of the many hands: sends its steps over HTTP, looking at its own copy, and writes down what happens."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from uuid_utils.compat import uuid4, uuid7

from lockstep.replay.copies import Copy, State
from lockstep.replay.documents import MUTATIONS
from lockstep.replay.doors import AnswerLost, Door
from lockstep.replay.following import Stream
from lockstep.replay.oracle.records import Sent
from lockstep.replay.plan import Step
from lockstep.replay.schedule import Schedule
from lockstep.replay.words import carried_over

ATTEMPTS = 6
"""Of one edit: the first and, where it meets conflicts, those on top of what it met."""
REACH_SECONDS = 60
LOST_SECONDS = 120
AGAIN = frozenset({"OUTCOME_UNKNOWN", "UNAVAILABLE", "INTERNAL_SERVER_ERROR"})


class ReplayStuck(Exception):
    """The service does not come back, or a copy does not get what was acknowledged."""


@dataclass
class Shared:
    """What all clients have in common: the project, the ids that answers gave, and the record of it all."""

    project: str
    scope: str
    tasks: dict[str, str] = field(default_factory=dict)
    comments: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    retried: int = 0
    resent: int = 0
    errors: Counter[str] = field(default_factory=Counter)


class Client:
    """A client: one person's account, a copy that follows the project, and steps to do."""

    def __init__(self, number: int, person: str, door: Door, stream: Stream, shared: Shared) -> None:
        self.number = number
        self.person = person
        self.door = door
        self.stream = stream
        self._shared = shared
        self._chance = random.Random(number)

    @property
    def copy(self) -> Copy:
        return self.stream.copy

    async def work(self, schedule: Schedule) -> None:
        """Do the steps of this client as they become ready; runs until it is cancelled."""
        while True:
            step = await schedule.take(self.number)
            await self._reach(schedule.known_to(step))
            schedule.answer(step, await getattr(self, f"_{step.part}")(step))

    async def _reach(self, seq: int) -> None:
        try:
            async with asyncio.timeout(REACH_SECONDS):
                await self.copy.reached(seq)
        except TimeoutError:
            told = f"client {self.number} has seq {self.copy.seq} and waits for {seq}, which was acknowledged"
            raise ReplayStuck(told) from None

    async def _create(self, step: Step) -> int:
        texts = {name: after for name, (_, after) in step.texts.items() if after}
        one = self._record(step, object_id="", values=step.values, texts=texts, added=step.added)
        answer = await self._mutate(one, {
            "projectId": self._shared.project, "id": str(uuid7()), **step.values, **step.added, **_sections(texts),
            "config": [{"key": "issue", "value": step.issue}],
        })  # fmt: skip
        if answer is not None:
            self._shared.tasks[step.issue] = one.object_id = answer["task"]["id"]
        return one.seq

    async def _edit(self, step: Step) -> int:
        task_id = self._shared.tasks.get(step.issue)
        parent = self._shared.tasks.get(step.parent) if step.parent else None
        if task_id is None or (step.parent and parent is None):
            self._record(
                step, object_id=task_id or ""
            ).answer = "moot"  # it was refused when it was to be made
            return 0
        base, values = self._seen(task_id, step.behind), dict(step.values)
        if step.parent is not None:
            values["parentId"] = parent
        for attempt in range(ATTEMPTS):
            texts = {
                name: carried_over(before, after, base["sections"].get(name, ""))
                for name, (before, after) in step.texts.items()
            }
            one = self._record(
                step, object_id=task_id, attempt=attempt, values=values, texts=texts, added=step.added,
                removed=step.removed, policy=step.policy, base_version=base["version"], base=base,
                stale=base["version"] < self.copy.objects["task"][task_id]["version"],
            )  # fmt: skip
            patch = {
                **values,
                **_patched("add", step.added),
                **_patched("remove", step.removed),
                **_sections(texts),
            }
            await self._mutate(one, {
                "id": task_id, "expectedVersion": base["version"], "onConflict": step.policy, "patch": patch,
            })  # fmt: skip
            if one.current_version is None or step.gives_up or attempt == ATTEMPTS - 1:
                return one.seq
            self._shared.retried += 1
            base = await self._version(task_id, one.current_version)
        raise AssertionError("unreachable")

    def _seen(self, task_id: str, behind: int) -> State:
        """The task as this client sees it now, or saw it so many versions ago."""
        history = self.copy.histories.get(task_id)
        if behind and history:
            return history[max(len(history) - 1 - behind, 0)]
        return self.copy.objects["task"][task_id]

    async def _version(self, task_id: str, version: int) -> State:
        """The task as soon as the copy shows at least this version of it."""
        while (state := self.copy.objects["task"][task_id])["version"] < version:
            await self._reach(self.copy.seq + 1)
        return state

    async def _link(self, step: Step) -> int:
        ends = self._ends(step)
        if ends is None:
            return 0
        one = self._record(step, object_id="", ends=ends)
        own = str(uuid7())
        wanted = {"sourceId": ends[0], "kind": ends[1], "targetId": ends[2], "id": own}
        answer = await self._mutate(one, wanted)
        if answer is not None:
            one.object_id = answer["link"]["id"]
        return one.seq

    async def _unlink(self, step: Step) -> int:
        ends = self._ends(step)
        if ends is None:
            return 0
        found = [
            link["id"] for link in self.copy.objects["link"].values()
            if (link["sourceTaskId"], link["kind"], link["targetTaskId"]) == ends
        ]  # fmt: skip
        one = self._record(step, object_id=found[0] if found else "", ends=ends)
        if not found:
            one.answer = "moot"  # it was refused, or somebody took it away
            return 0
        await self._mutate(one, {"id": found[0]})
        return one.seq

    def _ends(self, step: Step) -> tuple[str, str, str] | None:
        assert step.link is not None
        source, kind, target = step.link
        kind = "relates" if kind in {"related", "relates-to"} else kind
        tasks = self._shared.tasks
        if source in tasks and target in tasks:
            return tasks[source], kind, tasks[target]
        self._record(step, object_id="").answer = "moot"
        return None

    async def _comment(self, step: Step) -> int:
        task_id = self._shared.tasks.get(step.issue, "")
        one = self._record(step, object_id="", body=step.comment, ends=(task_id, "", ""))
        answer = await self._mutate(one, {"taskId": task_id, "body": step.comment, "id": str(uuid7())})
        if answer is not None:
            one.object_id = answer["comment"]["id"]
            self._shared.comments.setdefault((step.issue, step.comment), []).append(one.object_id)
        return one.seq

    async def _uncomment(self, step: Step) -> int:
        known = self._shared.comments.get((step.issue, step.comment))
        one = self._record(step, object_id=known.pop() if known else "")
        if not one.object_id:
            one.answer = "moot"
            return 0
        state = self.copy.objects["comment"][one.object_id]
        await self._mutate(
            one, {"id": one.object_id, "expectedVersion": state["version"], "onConflict": "REJECT"}
        )
        return one.seq

    def _record(self, step: Step, *, object_id: str, attempt: int = 0, **more: Any) -> Sent:
        one = Sent(
            step.index, attempt, step.line, step.part, step.issue, self.number, self.person, str(uuid4()), object_id,
            **more,
        )  # fmt: skip
        self._shared.sent.append(one)
        return one

    async def _mutate(self, one: Sent, wanted: dict[str, Any]) -> dict[str, Any] | None:
        """Send a mutation until it is answered, always with the same key; its payload, or None if refused."""
        name, document = MUTATIONS[one.part]
        variables = {"input": {**wanted, "clientMutationId": one.mutation_id}}
        loop = asyncio.get_running_loop()
        deadline = loop.time() + LOST_SECONDS
        while True:
            try:
                answer = await self.door.ask(document, variables)
            except AnswerLost as lost:
                self.door.go_elsewhere()
                told = str(lost)
            else:
                if not answer.get("errors"):
                    return self._answered(one, answer["data"][name])
                told = answer["errors"][0]["extensions"].get("code", "")
                self._shared.errors[told] += 1
                if told not in AGAIN:
                    one.answer, one.message = told, answer["errors"][0]["message"]
                    return None
            if loop.time() > deadline:
                raise ReplayStuck(f"no answer to line {one.line}: {told}")
            self._shared.resent += 1
            await asyncio.sleep(self._chance.uniform(0.01, 0.1))

    def _answered(self, one: Sent, payload: dict[str, Any]) -> dict[str, Any] | None:
        if payload["errors"]:
            error = payload["errors"][0]
            one.answer, one.message = error["__typename"], error["message"]
            one.current_version = error.get("currentVersion")
            one.clashes = [clash["field"] for clash in error.get("clashes", ())]
            return None
        one.answer = "done"
        one.seq = next((at["seq"] for at in payload["positions"] if at["scope"] == self._shared.scope), 0)
        return payload


def _sections(texts: dict[str, str]) -> dict[str, Any]:
    """Texts as inputs take them: the description has a field of its own."""
    sections = [{"name": name, "text": text} for name, text in texts.items() if name != "description"]
    description = {"description": texts["description"]} if "description" in texts else {}
    return {**description, **({"sections": sections} if sections else {})}


def _patched(verb: str, members: dict[str, list[str]]) -> dict[str, list[str]]:
    """`assigneeIds` as `addAssigneeIds` or `removeAssigneeIds`."""
    return {f"{verb}{name[0].upper()}{name[1:]}": ids for name, ids in members.items()}
