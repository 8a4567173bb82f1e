"""Commands in lanes, many at once, and the same ones in units of their own: equal answers, events and end state.

The suite draws a few; `LOCKSTEP_TEST_EXAMPLES=2000 .venv/bin/python -m pytest tests/lanes` draws more.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app import endings
from app.comments.commands import NewComment
from app.comments.laned import AddComment
from app.config import Settings
from app.errors import ClientError, Refusal
from app.ids import new_id
from app.lanes.commands import Command, Place
from app.lanes.places import Places
from app.outcomes import Outcome, RequestKey
from app.projects.actions.vocabulary import vocabulary_guard
from app.projects.models import ConflictPolicy
from app.tasks.actions.create import create_tasks
from app.tasks.actions.move import moving
from app.tasks.commands import REMOVE, NewTask, TaskEdit, TaskPatch
from app.tasks.laned import EditTask
from app.work import Actor, run_unit
from tests.client import PATIENCE_SECONDS
from tests.conftest import Template
from tests.databases import Databases, named
from tests.ledger import Log
from tests.service import Doors, Service, serve
from tests.world import World, uuids

EXAMPLES = int(os.environ.get("LOCKSTEP_TEST_EXAMPLES", "0"))
PEOPLE = ("member", "manager", "owner", "guest", "viewer", "colleague", "outsider")
TASKS = 6
"""Those of ``AWAY`` are each in another project; the others in one."""
AWAY = {4: "ops", 5: "secret"}
KEYS = 3


@dataclass(frozen=True)
class Ask:
    """What is asked, of things by their number."""

    person: str
    kind: str
    task: int
    other: int
    version: int | None
    policy: ConflictPolicy | None
    word: str
    key: int | None


ASKS = st.builds(
    Ask,
    person=st.sampled_from((*PEOPLE, "member", "manager", "owner")),
    kind=st.sampled_from(
        ("title", "status", "assign", "leave", "label", "unlabel", "text", "config", "unset", "before", "after",
         "status and place", "comment", "reply", "nowhere", "wrong", "nothing")
    ),
    task=st.integers(0, TASKS - 1),
    other=st.integers(0, TASKS - 1),
    version=st.sampled_from((None, 1, 1, 1, 2, 3, 9)),
    policy=st.sampled_from((None, None, *ConflictPolicy)),
    word=st.sampled_from(("one", "two", "one two three", "one two four", "")),
    key=st.sampled_from((None, None, None, *range(KEYS))),
)  # fmt: skip


@dataclass
class Side:
    """One of the two: a world of its own, in which everything has the same ids."""

    service: Service
    world: World
    log: Log

    def actor(self, person: str) -> Actor:
        return Actor(uuids(self.world.kept.people[person]["user_id"])[0])

    async def carry_out(self, ask: Ask, names: Names, *, laned: bool) -> Any:
        command, key = names.command(self, ask), names.key(ask)
        application = self.service.application
        try:
            if laned:
                assert application.lanes is not None
                return await application.lanes.run(self.actor(ask.person), command, key)
            return await run_unit(application.store, self.actor(ask.person), command, key=key)
        except (ClientError, Refusal) as refusal:
            return refusal


@dataclass
class Names:
    """The ids of an example: tasks, labels and clients' own ids for comments, and keys."""

    project_id: UUID
    tasks: list[UUID]
    comments: list[UUID]
    keys: list[UUID]
    label: UUID

    def key(self, ask: Ask) -> RequestKey | None:
        asked = [ask.kind, ask.task, ask.word]
        # What is nowhere goes to no lane: of one key, it or what was asked before it may come first.
        if ask.key is None or ask.kind == "nowhere":
            return None
        # One key in two projects at once: either may be the first.
        place = list(AWAY).index(ask.task) + 1 if ask.task in AWAY else 0
        return RequestKey.of(self.keys[ask.key + KEYS * place], "test", asked)

    def command(self, side: Side, ask: Ask) -> Command:
        task, other = self.tasks[ask.task], self.tasks[ask.other]
        if ask.task in AWAY and ask.kind in ("comment", "reply", "assign"):
            # Two projects' notices come to one inbox in either order.
            return EditTask(TaskEdit(task, ask.version, TaskPatch({"title": ask.word}), ask.policy))
        if ask.kind in ("comment", "reply"):
            mention = f" @[x](user:{uuids(side.world.kept.people['guest']['user_id'])[0]})"
            parent = self.comments[0] if ask.kind == "reply" else None
            return AddComment(NewComment(task, ask.word + mention, parent, self.comments[ask.other]))
        if ask.kind in ("before", "after", "status and place"):
            status = self._status(side, ask) if ask.kind == "status and place" else None
            return EditTask(
                moving(
                    task, status_id=status, before_id=other if ask.kind == "before" else None,
                    after_id=None if ask.kind == "before" else other, expected_version=ask.version, policy=ask.policy,
                )
            )  # fmt: skip
        target = uuid4() if ask.kind == "nowhere" else task
        return EditTask(TaskEdit(target, ask.version, self._patch(side, ask), ask.policy))

    def _status(self, side: Side, ask: Ask) -> UUID:
        statuses = side.world.eng["statuses"]
        return uuids(statuses[(ask.task + ask.other) % len(statuses)]["id"])[0]

    def _patch(self, side: Side, ask: Ask) -> TaskPatch:
        person = uuids(side.world.kept.people[PEOPLE[ask.other]]["user_id"])[0]
        sections = {"notes": f"begin\n{ask.word}\nend", "other": ask.word}
        patches = {
            "title": TaskPatch({"title": ask.word}),
            "nowhere": TaskPatch({"title": "Nowhere"}),
            "status": TaskPatch({"status_id": self._status(side, ask)}),
            "assign": TaskPatch(add={"assignee_ids": frozenset({person})}),
            "leave": TaskPatch(remove={"assignee_ids": frozenset({person})}),
            "label": TaskPatch({"priority": ask.other}, add={"label_ids": frozenset({self.label})}),
            "unlabel": TaskPatch(remove={"label_ids": frozenset({self.label})}),
            "text": TaskPatch(sections=sections),
            "config": TaskPatch(config={"a": ask.word, f"b{ask.other}": ask.task}),
            "unset": TaskPatch(config={"a": REMOVE}),
            "wrong": TaskPatch({"status_id": self.tasks[0]}),
            "nothing": TaskPatch(),
        }
        return patches[ask.kind]


@dataclass
class Sides:
    """The two, and how they are compared."""

    laned: Side
    alone: Side

    async def compare(self, asks: list[Ask]) -> list[Any]:
        names = await self._begin()
        apart = [await self.alone.carry_out(ask, names, laned=False) for ask in asks]
        # All at once: what comes while the first is at work is one batch, up to what must come after it.
        await self._locate(asks, names)
        together = await asyncio.gather(*(self.laned.carry_out(ask, names, laned=True) for ask in asks))
        for ask, one, other in zip(asks, together, apart, strict=True):
            assert told(one) == told(other), ask
        for query in (EVENTS, STATE, NOTICES):
            one, other = (
                await self.laned.log.connection.fetch(query),
                await self.alone.log.connection.fetch(query),
            )
            assert [plain(row) for row in one] == [plain(row) for row in other]
        await self.laned.log.check_order()
        return together

    async def _locate(self, asks: list[Ask], names: Names) -> None:
        """Places are known beforehand, so that commands enter their lane in the order in which they are asked."""
        lanes = self.laned.service.application.lanes
        assert lanes is not None
        places = Places(self.laned.service.application.database)
        found = {}
        for ask in asks:
            viewer_id, task_id = self.laned.actor(ask.person).user_id, names.tasks[ask.task]
            assert viewer_id is not None
            found[viewer_id, task_id] = await places.find(viewer_id, task_id)

        class Known(Places):
            async def find(self, viewer_id: UUID, task_id: UUID) -> Place | None:
                return found.get((viewer_id, task_id))

        lanes._places = Known(self.laned.service.application.database)

    async def _begin(self) -> Names:
        """The same new tasks on both sides."""
        eng = self.laned.world.eng
        ids = [new_id() for _ in range(TASKS)]
        names = Names(
            uuids(eng["id"])[0], ids, [new_id() for _ in range(TASKS)],
            [uuid4() for _ in range(KEYS * (1 + len(AWAY)))],
            uuids(eng["labels"][0]["id"])[-1],
        )  # fmt: skip
        places = {n: uuids(getattr(self.laned.world, name)["id"])[0] for n, name in AWAY.items()}
        new = [
            NewTask(
                places.get(n, names.project_id), f"Task {n}", client_id=id_,
                patch=TaskPatch(sections={"notes": "begin\n\nend"}),
            )
            for n, id_ in enumerate(ids)
        ]  # fmt: skip
        for side in (self.laned, self.alone):
            await run_unit(side.service.application.store, side.actor("owner"), create_tasks(new))
        return names


EVENTS = """
SELECT scope_id, seq, kind, object_type, CASE WHEN object_type <> 'inbox_item' THEN object_id END, object_version,
       actor_id, actor_kind, client_mutation_id, payload::text
FROM events ORDER BY scope_id, seq
"""
STATE = """
SELECT t.*, ARRAY(SELECT user_id FROM task_assignees a WHERE a.task_id = t.id ORDER BY 1) AS assignees,
       ARRAY(SELECT label_id FROM task_labels l WHERE l.task_id = t.id ORDER BY 1) AS labels,
       ARRAY(SELECT c::text FROM comments c WHERE c.task_id = t.id ORDER BY c.id) AS comments
FROM tasks t ORDER BY t.id
"""
NOTICES = """
SELECT user_id, reason, task_id, comment_id, actor_id FROM inbox_items ORDER BY 1, 2, 3, 4, 5
"""
_TIMES = re.compile(r"\d{4}-\d\d-\d\d[T ][\d:.]+(\+00(:00)?)?")
_ITEMS = re.compile(r'("id": ")[0-9a-f-]{36}(", "reason")|("reason".*"id": ")[0-9a-f-]{36}')


def plain(row: Any) -> list[str]:
    """A row without its times, which are of its side, and without ids that only it can have."""
    texts = [
        _TIMES.sub("…", re.sub(r"datetime\.datetime\(.*?\)(?=,|$)", "…", str(value)))
        for value in row.values()
    ]
    if any("inbox_item" in text for text in texts):
        texts[-1] = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "…", texts[-1])
    return texts


def told(answer: Any) -> Any:
    """What an answer says. (Where a log stands that did not move depends on what else was done at once.)"""
    if isinstance(answer, Outcome):
        moved = [(one.scope_id, one.seq) for one in answer.positions] if answer.events else None
        return answer.result, answer.replayed, moved
    data = {name: value for name, value in vars(answer).items() if name not in ("result", "__notes__")}
    return type(answer), str(answer), _TIMES.sub("…", re.sub(r"datetime\(.*?\)", "…", str(data)))


@pytest.fixture(scope="module")
async def sides(
    databases: Databases, template: Template, doors: Doors, make_settings: Callable[..., Settings]
) -> AsyncIterator[Sides]:
    async with AsyncExitStack() as stack:
        # Batches are committed with what they write, also such as have not been met before.
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(endings, "MET_BEFORE", 0)
        found = []
        # The world has no label yet: one for all clones.
        source = await stack.enter_async_context(databases.copy_of(template.database))
        async with serve(doors, make_settings(source)) as service:
            await World(service, template.kept).label("Label")
        for _ in range(2):
            name = await stack.enter_async_context(databases.copy_of(source))
            service = await stack.enter_async_context(serve(doors, make_settings(name)))
            connection = await asyncpg.connect(named(databases.servers.admin_url, name))
            stack.push_async_callback(connection.close)
            world = World(service, template.kept)
            world.eng = {**world.eng, "labels": (await _labels(world))}
            found.append(Side(service, world, Log(connection)))
        yield Sides(*found)


async def _labels(world: World) -> Any:
    asked = "query($id: ID!) { node(id: $id) { ... on Project { labels { id } } } }"
    return (await world.owner.query(asked, id=world.eng["id"]))["node"]["labels"]


async def test_together_as_apart(sides: Sides) -> None:
    """Random sequences of commands, by people of every role."""
    loop = asyncio.get_running_loop()

    @settings(
        max_examples=EXAMPLES or 8, deadline=None, database=None,
        suppress_health_check=list(HealthCheck), phases=(Phase.generate,),
    )  # fmt: skip
    @given(st.lists(ASKS, min_size=6, max_size=24))
    def run(asks: list[Ask]) -> None:
        asyncio.run_coroutine_threadsafe(sides.compare(asks), loop).result()

    await asyncio.to_thread(run)


async def test_what_depends_on_earlier_ones_of_the_batch(sides: Sides) -> None:
    """Edits of one version by several people, places next to what was just placed, one key twice."""

    def ask(
        person: str, kind: str, task: int, other: int = 0, word: str = "one", key: int | None = None
    ) -> Ask:
        return Ask(person, kind, task, other, 1, None, word, key)

    asks = [
        ask("member", "title", 0), ask("manager", "config", 0), ask("owner", "title", 0, word="two"),
        ask("guest", "text", 0), ask("member", "text", 0, word="two"), ask("viewer", "title", 1),
        ask("member", "after", 0, 2), ask("manager", "after", 1, 0), ask("owner", "before", 3, 1),
        ask("member", "title", 2, key=0), ask("member", "title", 2, key=0), ask("member", "text", 2, key=0),
        ask("manager", "comment", 3, 1), ask("owner", "comment", 2, 1),
    ]  # fmt: skip
    answers = await sides.compare(asks)
    refused = [place for place, answer in enumerate(answers) if not isinstance(answer, Outcome)]
    assert refused == [2, 4, 5, 11, 13]
    assert answers[10].replayed


async def test_the_usual_ones_are_one_batch(sides: Sides) -> None:
    """Not merely equal: they did go together. Statements are counted; the whole batch takes as many as one edit."""
    asks = [
        Ask("member", kind, task, task, 1, None, word, None)
        for task in range(TASKS)
        if task not in AWAY
        for kind, word in (("title", "one"), ("text", "two"), ("comment", "words"), ("config", "3"))
    ]
    counts = []
    for batch in (asks[:1], asks):
        with sides.laned.service.statements() as counted:
            answers = await sides.compare(batch)
        assert not [answer for answer in answers if not isinstance(answer, Outcome)]
        # Looked for, begun, read, (others' inboxes declared,) written, committed.
        counts.append([text for text in counted.texts if not text.startswith("SELECT sign_ins_ended")])
    assert [sum("INSERT INTO events" in text for text in texts) for texts in counts] == [2, 2]


async def test_projects_go_together(sides: Sides) -> None:
    """Edits of several projects are one transaction; what one of them does wrong is its own."""
    asks = [Ask("owner", "title", task, 0, 1, None, "together", None) for task in range(TASKS)]
    asks[2] = Ask("owner", "title", 2, 0, 9, None, "ahead of its time", None)
    asks[4] = Ask("member", "title", 5, 0, 1, None, "hidden", None)
    with sides.laned.service.statements() as counted:
        answers = await sides.compare(asks)
    assert [isinstance(answer, Outcome) for answer in answers] == [True, True, False, True, False, True]
    assert sum("INSERT INTO events" in text for text in counted.texts) == 2


@pytest.mark.parametrize("held_by", ["clock", "guard"])
async def test_a_project_that_is_held_holds_up_no_other(sides: Sides, held_by: str) -> None:
    """Somebody holds one project's clock, or the guard of another one's words: edits of it wait, those that came with
    them are committed meanwhile."""
    names = await sides._begin()
    lanes = sides.laned.service.application.lanes
    assert lanes is not None
    lanes._places = Places(sides.laned.service.application.database)
    actor = sides.laned.actor("owner")
    edits = [EditTask(TaskEdit(task, 1, TaskPatch({"title": "While it is held"}))) for task in names.tasks]
    ops = uuids(sides.laned.world.ops["id"])[0]
    hold = f"SELECT FROM scopes WHERE id = '{names.project_id}' FOR UPDATE"
    waiting = [n for n in range(TASKS) if n not in AWAY]
    if held_by == "guard":
        hold, waiting = f"SELECT pg_advisory_xact_lock({vocabulary_guard(ops).key})", [4]
    connection = sides.laned.log.connection
    async with connection.transaction():
        await connection.execute(hold)
        running = [asyncio.create_task(lanes.run(actor, edit)) for edit in edits]
        free = [one for n, one in enumerate(running) if n not in waiting]
        done, _ = await asyncio.wait(free, timeout=PATIENCE_SECONDS)
        assert len(done) == len(free)
        assert not any(running[n].done() for n in waiting)
    held = await asyncio.gather(*running)
    assert all(isinstance(one, Outcome) for one in held)
    await sides.laned.log.check_order()
    # The other side does the same, for the tests that compare the two.
    for edit in edits:
        await run_unit(sides.alone.service.application.store, sides.alone.actor("owner"), edit)
