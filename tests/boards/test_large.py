"""A board of 20 columns and 5,000 tasks: windows of its columns, its lanes, and what a move costs."""

from __future__ import annotations

import pytest

from tests.boards.proofs import board
from tests.client import JSON
from tests.events.test_small_frames import SMALL
from tests.ledger import Log
from tests.service import Service
from tests.world import World

COLUMNS, TASKS, EPICS = 20, 5_000, 25

# As the service would make them; its triggers would want an event for each.
FILL = f"""
SET session_replication_role = replica;
INSERT INTO tasks (project_id, id, number, title, sections, status_id, type_id, parent_id, priority, rank, config,
                   fields, version, created_at, updated_at)
SELECT p.id, made.id, 1000 + n, 'Task ' || n, '{{}}', s.ids[1 + n % {COLUMNS}],
       CASE WHEN n <= {EPICS} THEN t.epic ELSE t.plain END,
       CASE WHEN n > {EPICS} THEN (array_agg(made.id) FILTER (WHERE n <= {EPICS}) OVER ())[1 + n % {EPICS}] END,
       n % 5, 'b' || lpad(n::text, 5, '0'), '{{}}', '{{}}', 1, now(), now()
FROM projects p, (SELECT n, uuidv7() AS id FROM generate_series(1, {TASKS}) n) made,
     LATERAL (SELECT array_agg(id ORDER BY rank) AS ids FROM statuses
              WHERE project_id = p.id AND category <> 'backlog') s,
     LATERAL (SELECT (array_agg(id) FILTER (WHERE name = 'epic'))[1] AS epic,
                     (array_agg(id) FILTER (WHERE name = 'task'))[1] AS plain
              FROM task_types WHERE project_id = p.id) t
WHERE p.key = 'ENG';
INSERT INTO task_locations (task_id, project_id) SELECT id, project_id FROM tasks ON CONFLICT DO NOTHING;
INSERT INTO task_keys (project_id, number, task_id) SELECT project_id, number, id FROM tasks ON CONFLICT DO NOTHING;
INSERT INTO task_assignees (project_id, task_id, user_id)
SELECT t.project_id, t.id, u.id FROM tasks t JOIN users u ON u.name IN ('Member', 'Viewer')
WHERE t.number % 3 = 0 AND t.number > 1000;
INSERT INTO task_labels (project_id, task_id, label_id)
SELECT t.project_id, t.id, l.id FROM tasks t JOIN labels l ON l.project_id = t.project_id
WHERE t.number % 2 = 0 AND t.number > 1000;
SET session_replication_role = origin;
ANALYZE tasks;
"""

WINDOW = """query($id: ID!, $n: Int!, $after: String) { node(id: $id) { ... on Board { columns { name count overLimit
  cards(first: $n, after: $after) { totalCount pageInfo { hasNextPage endCursor }
    nodes { id key title rank assignees { name } labels { name } } } } } } }"""
LANES = """query($id: ID!, $lane: String!) { node(id: $id) { ... on Board { lanes { key user { name } label { name }
  epic { key } priority } columns { cards(first: 5, lane: $lane) { nodes { title } } } } } }"""


class Large:
    """The board, and what was counted while it was empty."""

    def __init__(self, world: World, service: Service) -> None:
        self.world, self.service = world, service
        self.board: JSON = {}

    async def window(self, n: int, after: str | None = None) -> tuple[int, list[JSON]]:
        """How many statements a window of each column took, and the columns."""
        with self.service.statements() as counted:
            found = await self.world.viewer.query(WINDOW, id=self.board["id"], n=n, after=after)
        return len(counted), found["node"]["columns"]

    async def lanes(self, swimlanes: str) -> tuple[int, JSON]:
        """The same of the lanes, and the cards of the first of them."""
        changed = await self.world.owner.do(
            "boardUpdate", id=self.board["id"], expectedVersion=self.board["version"], swimlanes=swimlanes
        )
        self.board = changed["board"]
        with self.service.statements() as counted:
            found = await self.world.viewer.query(LANES, id=self.board["id"], lane="none")
        return len(counted), found["node"]

    async def move(self, task_id: str, version: int, **place: str) -> int:
        """How many statements a move took."""
        with self.service.statements() as counted:
            await self.world.member.do(
                "taskMove", "task { id }", id=task_id, expectedVersion=version, **place
            )
        return len(counted)


@pytest.fixture
async def large(world: World, service: Service) -> Large:
    """Twenty columns, one with a limit that warns, and one task."""
    there = [one for one in world.eng["statuses"] if one["category"] != "BACKLOG"]
    for number in range(COLUMNS - len(there)):
        await world.owner.do(
            "statusCreate",
            "status { id }",
            projectId=world.eng["id"],
            name=f"More {number}",
            category="STARTED",
        )
    found = Large(world, service)
    found.board = await board(world)
    return found


async def test_a_board_of_twenty_columns_and_five_thousand_tasks(large: Large, log: Log) -> None:
    """As many statements as for one task, and a move is one small event."""
    world = large.world
    label, epic = await world.label("Red"), await world.task("Epic", typeId=world.type("epic"))
    given: JSON = {"labelIds": [label["id"]], "assigneeIds": [world.viewer.user_id], "parentId": epic["id"]}
    task, target = await world.task("Moved", **given), world.status("Done")
    few, columns = await large.window(20)
    assert (len(columns), columns[0]["count"]) == (COLUMNS, 2)
    of_lanes = {one: (await large.lanes(one))[0] for one in ("ASSIGNEE", "PRIORITY", "EPIC", "LABEL")}
    place = {"statusId": world.status("In progress"), "afterId": epic["id"]}
    moving = [await large.move(task["id"], 1, statusId=target), await large.move(task["id"], 2, **place)]
    await log.connection.execute(FILL)

    many, columns = await large.window(20)
    assert few == many <= 12
    assert [column["count"] for column in columns] == [251, 251, *[250] * 18]
    for column in columns:
        ranks = [card["rank"] for card in column["cards"]["nodes"]]
        assert len(ranks) == 20
        assert ranks == sorted(ranks)
        assert column["cards"]["pageInfo"]["hasNextPage"]
    seen = {card["id"] for card in columns[0]["cards"]["nodes"]}
    again, following = await large.window(100, columns[0]["cards"]["pageInfo"]["endCursor"])
    assert again == many
    assert seen.isdisjoint(card["id"] for card in following[0]["cards"]["nodes"])

    for swimlanes, statements in of_lanes.items():
        counted, shown = await large.lanes(swimlanes)
        assert counted == statements, swimlanes
        lanes = {"ASSIGNEE": 3, "PRIORITY": 5, "EPIC": EPICS + 2, "LABEL": 2}[swimlanes]
        assert len(shown["lanes"]) == lanes, swimlanes

    cards, anchor = columns[4]["cards"]["nodes"][:3], columns[7]["cards"]["nodes"][3]
    # The first of its kind also prepares what it sends.
    assert await large.move(cards[0]["id"], 1, statusId=target) <= moving[0]
    assert await large.move(cards[1]["id"], 1, statusId=target, afterId=anchor["id"]) <= moving[1]
    async with world.viewer.socket() as socket:
        stream = await socket.follow(world.eng["scope"], selection=SMALL)
        await large.move(cards[2]["id"], 1, statusId=target, beforeId=anchor["id"])
        (event,) = await stream.until(stream.seq + 1)
        assert event["__typename"] == "TaskMoved"
        assert max(socket.sizes[stream.identifier][1:]) <= 1000
