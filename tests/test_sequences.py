"""Any sequence of operations by several people: the events of every scope fold to what is fetched anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.config import Settings
from tests.client import JSON, Client
from tests.conftest import Template
from tests.databases import Databases
from tests.folding import Scope
from tests.invariants import events_over_http, fold
from tests.service import Doors, serve
from tests.world import World

WORDS = st.text(st.sampled_from("ab 🙂é\n."), min_size=1, max_size=12)
NAMES = (
    "create", "edit", "text", "label", "move", "delete", "restore", "transfer", "comment", "reply", "uncomment", "link",
    "unlink", "parent", "config", "status", "bulk",
)  # fmt: skip
PEOPLE = st.sampled_from(["member", "owner"])
PLACES = st.integers(0, 7)
OPERATIONS = st.lists(
    st.tuples(st.sampled_from(NAMES), PEOPLE, PLACES, PLACES, WORDS, st.booleans()), min_size=4, max_size=14
)


class Board:
    """What the operations of a sequence have made so far."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.tasks: list[str] = []
        self.comments: list[JSON] = []
        self.links: list[str] = []
        self.labels: list[str] = []

    async def version(self, task: str) -> int:
        found = await self.world.owner.query(
            "query($id: ID!) { node(id: $id) { ... on Task { version } } }", id=task
        )
        return int(found["node"]["version"])

    async def run(self, operation: tuple[str, str, int, int, str, bool]) -> None:
        """One operation. It may be refused: what is then must be as it was."""
        name, person, first, second, words, flag = operation
        by = self.world.person(person)
        if name == "create" or not self.tasks:
            project = self.world.ops if flag else self.world.eng
            payload = await by.do(
                "taskCreate", projectId=project["id"], title=" ".join(words.split()) or "x", description=words
            )
            self.tasks.append(payload["task"]["id"])
            return
        task, other = self.tasks[first % len(self.tasks)], self.tasks[second % len(self.tasks)]
        await getattr(self, f"_{name}")(by, task, other, words, flag)

    async def _edit(self, by: Client, task: str, other: str, words: str, flag: bool) -> None:
        patch: JSON = {"title": " ".join(words.split()) or "y", "priority": len(words) % 5}
        if flag:
            patch |= {"dueDate": "2030-01-31", "estimate": 0.5, "assigneeIds": None}
            del patch["assigneeIds"]
            patch["addAssigneeIds"] = [self.world.member.user_id]
        stale = max(await self.version(task) - (2 if flag else 0), 1)
        await by.answer("taskUpdate", id=task, expectedVersion=stale, patch=patch)

    async def _text(self, by: Client, task: str, other: str, words: str, flag: bool) -> None:
        patch = {
            "sections": [
                {"name": "notes", "text": words},
                {"name": "design", "text": "" if flag else words * 2},
            ]
        }
        await by.answer("taskUpdate", id=task, expectedVersion=await self.version(task), patch=patch)

    async def _label(self, by: Client, task: str, other: str, words: str, flag: bool) -> None:
        if not self.labels or flag:
            self.labels.append((await self.world.label(f"Label {len(self.labels)}"))["id"])
        patch = {"addLabelIds": [self.labels[-1]], "removeLabelIds": self.labels[:-1][:1]}
        await by.answer("taskUpdate", id=task, patch=patch, onConflict="OVERWRITE")

    async def _move(self, by: Client, task: str, other: str, words: str, flag: bool) -> None:
        status = self.world.status("Done" if len(words) % 2 else "Backlog")
        place: JSON = {"afterId": other} if flag else {"beforeId": other, "statusId": status}
        await by.answer("taskMove", id=task, expectedVersion=await self.version(task), **place)

    async def _delete(self, by: Client, task: str, other: str, words: str, flag: bool) -> None:
        await by.answer("taskDelete", id=task, expectedVersion=await self.version(task))

    async def _restore(self, by: Client, task: str, other: str, words: str, flag: bool) -> None:
        await by.answer("taskRestore", id=task, expectedVersion=await self.version(task))

    async def _transfer(self, by: Client, task: str, other: str, words: str, flag: bool) -> None:
        project = (self.world.ops if flag else self.world.eng)["id"]
        await by.answer("taskTransfer", id=task, projectId=project, expectedVersion=await self.version(task))

    async def _comment(self, by: Client, task: str, other: str, words: str, flag: bool) -> None:
        comment = (await by.answer("commentAdd", taskId=task, body=words))["comment"]
        if comment:
            self.comments.append({"id": comment["id"], "task": task})

    async def _reply(self, by: Client, task: str, other: str, words: str, flag: bool) -> None:
        if self.comments:
            on = self.comments[len(words) % len(self.comments)]
            await by.answer("commentAdd", taskId=on["task"], body=words + "!", parentId=on["id"])

    async def _uncomment(self, by: Client, task: str, other: str, words: str, flag: bool) -> None:
        if self.comments:
            comment = self.comments[len(words) % len(self.comments)]["id"]
            name = "commentRestore" if flag else "commentDelete"
            await by.answer(name, id=comment, onConflict="OVERWRITE")
            await by.answer("commentUpdate", id=comment, body=words + "?", onConflict="OVERWRITE")

    async def _link(self, by: Client, task: str, other: str, words: str, flag: bool) -> None:
        kind = "blocks" if flag else "relates"
        link = (await by.answer("linkAdd", sourceId=task, kind=kind, targetId=other))["link"]
        if link:
            self.links.append(link["id"])

    async def _unlink(self, by: Client, task: str, other: str, words: str, flag: bool) -> None:
        if self.links:
            await by.answer("linkRemove", id=self.links.pop())

    async def _parent(self, by: Client, task: str, other: str, words: str, flag: bool) -> None:
        patch = {"parentId": None if flag and len(words) % 2 else other}
        await by.answer("taskUpdate", id=task, expectedVersion=await self.version(task), patch=patch)

    async def _config(self, by: Client, task: str, other: str, words: str, flag: bool) -> None:
        entry: JSON = (
            {"key": words[0]} if flag else {"key": words[0], "value": {words: [len(words), None, words]}}
        )
        await by.answer("taskUpdate", id=task, patch={"config": [entry]}, onConflict="OVERWRITE")

    async def _status(self, by: Client, task: str, other: str, words: str, flag: bool) -> None:
        status = self.world.status("Cancelled")
        done = await self.world.owner.answer("statusDelete", id=status, expectedVersion=1)
        await by.answer(
            "taskUpdate", id=task, patch={"statusId": status if done["errors"] else self.world.status("Done")},
            onConflict="OVERWRITE",
        )  # fmt: skip

    async def _bulk(self, by: Client, task: str, other: str, words: str, flag: bool) -> None:
        items = [{"id": one} for one in dict.fromkeys((task, other))]
        patch = {"description": words, "externalRef": words.strip() or None}
        await by.answer("taskBulkUpdate", items=items, patch=patch, atomic=flag, onConflict="OVERWRITE")


# A failing sequence is short enough to read: shrinking would run hundreds more, each on a database of its own.
@settings(
    max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True,
    phases=[Phase.explicit, Phase.generate],
)  # fmt: skip
@given(operations=OPERATIONS)
async def test_events_of_any_sequence_fold_to_the_refetched_state(
    databases: Databases, template: Template, doors: Doors, make_settings: Callable[..., Settings], quiet: None,
    operations: list[Any],
) -> None:  # fmt: skip
    async with databases.copy_of(template.database) as name, serve(doors, make_settings(name)) as service:
        world = World(service, template.kept)
        scopes = [
            (world.owner, Scope("project", world.eng["id"])), (world.owner, Scope("project", world.ops["id"])),
            (world.member, Scope("inbox")), (world.owner, Scope("workspace", world.workspace["id"])),
        ]  # fmt: skip
        copies = [await scope.fetch(client) for client, scope in scopes]
        cursors = [copy.cursor for copy in copies]
        board = Board(world)
        for operation in operations:
            await board.run(operation)
        for (client, scope), copy, cursor in zip(scopes, copies, cursors, strict=True):
            fresh = await scope.fetch(client)
            fold(copy, await events_over_http(client, fresh.scope, cursor, page=3), fresh)
