"""Reports of sprints that had begun when they were imported: what is known of them, and what happens to them here."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from tests.client import JSON
from tests.exchange.test_round_trip import exported
from tests.exchange.test_uploads import sent
from tests.world import World

SPRINTS = """query($id: ID!, $zone: String! = "UTC") { node(id: $id) { ... on Project {
  statuses { id name }
  sprints { nodes { id name version startedAt report {
    committed { count estimate } added { count estimate } removed { count } completed { count estimate }
    cancelled { count } unfinished { count estimate } changes { kind task { title } }
    burndown(timeZone: $zone) { day total { estimate } remaining { count estimate } } } } }
  tasks(first: 50) { nodes { id title version } } } } }"""


class Elsewhere:
    """A project's export, changed at will, in a workspace of somebody else."""

    def __init__(self, world: World, lines: list[JSON]) -> None:
        self.world = world
        self.lines = lines[:-1]
        self.workspace: JSON = {}
        self.now = datetime.now(UTC)

    def ago(self, days: float) -> str:
        """A moment so many days ago, as a state has it."""
        return (self.now - timedelta(days=days)).isoformat()

    def line(self, name: str) -> JSON:
        """The line of the sprint or task that is called so."""
        among = [line for line in self.lines[1:] if line["type"] in ("sprint", "task")]
        return next(one for one in among if one["state"].get("title", one["state"].get("name")) == name)

    def change(self, name: str, **values: Any) -> None:
        """Let it be something else that the sprint or task of this name says."""
        self.line(name)["state"].update(values)

    def made(self, title: str, like: str, number: int, created_at: str) -> JSON:
        """The line of another task."""
        line = copy.deepcopy(self.line(like))
        line["id"] = line["state"]["id"] = f"018f0000-0000-7000-8000-{uuid4().hex[:12]}"
        line["state"] |= {
            "title": title, "number": number, "rank": line["state"]["rank"] + str(number), "created_at": created_at,
        }  # fmt: skip
        return line

    async def send(self, *more: JSON) -> None:
        """Import it, with some lines more."""
        outsider = self.world.outsider
        if not self.workspace:
            self.workspace = (await outsider.do("workspaceCreate", name="Fresh"))["workspace"]
        lines = [*self.lines, *more]
        whole = [*lines, {"type": "end", "lines": len(lines) - 1}]
        content = "".join(json.dumps(line) + "\n" for line in whole)
        _, told = await sent(
            outsider, f"/imports/workspaces/{self.workspace['id']}", content, "application/jsonl"
        )
        assert told[-1]["type"] == "done", told[-1]

    async def shown(self, zone: str = "UTC") -> JSON:
        """The project as it is there, with sprints and tasks by name."""
        seen = (await self.world.outsider.query("{ projects { id key } }"))["projects"]
        [project] = [one for one in seen if one["key"] == "ENG"]
        found = (await self.world.outsider.query(SPRINTS, id=project["id"], zone=zone))["node"]
        by_name = {"id": project["id"], "statuses": {one["name"]: one["id"] for one in found["statuses"]}}
        by_name |= {one["name"]: one for one in found["sprints"]["nodes"]}
        return by_name | {one["title"]: one for one in found["tasks"]["nodes"]}


async def _exported(world: World, *, completed: bool) -> Elsewhere:
    sprint = await world.sprint("One")
    await world.manager.do("sprintStart", id=sprint["id"], expectedVersion=1)
    for title, status, estimate in (
        ("Done", "Done", 2.0),
        ("Open", "To do", 3.0),
        ("Dropped", "Cancelled", None),
    ):
        await world.task(title, sprintId=sprint["id"], statusId=world.status(status), estimate=estimate)
    gone = await world.task("Gone", sprintId=sprint["id"], estimate=50.0)
    await world.member.do("taskDelete", id=gone["id"], expectedVersion=1)
    if completed:
        await world.manager.do("sprintComplete", id=sprint["id"], expectedVersion=2)
    return Elsewhere(world, await exported(world.owner, world.eng["id"]))


def _remaining(report: JSON) -> list[float]:
    return [one["remaining"]["estimate"] for one in report["burndown"]]


async def test_an_active_sprint_goes_on_from_what_it_held(world: World) -> None:
    there, outsider = await _exported(world, completed=False), world.outsider
    there.change("One", started_at=there.ago(4))
    there.change("Done", completed_at=there.ago(2))
    late = there.made("Late", "Open", 91, there.ago(3))
    await there.send()
    report = (await there.shown())["One"]["report"]
    assert report["committed"] == {"count": 3, "estimate": 5.0}
    assert (report["completed"], report["cancelled"]) == ({"count": 1, "estimate": 2.0}, {"count": 1})
    assert (report["unfinished"], report["changes"]) == ({"count": 1, "estimate": 3.0}, [])
    assert report["burndown"][0]["day"] == there.ago(4)[:10]
    assert _remaining(report) == [5.0, 5.0, 3.0, 3.0, 3.0], "it was done two days ago"
    assert {one["total"]["estimate"] for one in report["burndown"]} == {5.0}

    found = await there.shown()
    place = {"projectId": found["id"], "sprintId": found["One"]["id"]}
    await outsider.do("taskCreate", **place, title="Added", estimate=1.0)
    done = {"id": found["Open"]["id"], "expectedVersion": found["Open"]["version"]}
    await outsider.do("taskMove", **done, statusId=found["statuses"]["Done"])
    await there.send(late, there.made("Newer", "Open", 92, datetime.now(UTC).isoformat()))
    report = (await there.shown())["One"]["report"]
    assert report["committed"] == {"count": 4, "estimate": 8.0}, (
        "of a run that was cut off, what was there then"
    )
    assert [(one["kind"], one["task"]["title"]) for one in report["changes"]] == [
        ("ADDED", "Added"), ("ADDED", "Newer")
    ]  # fmt: skip
    assert report["completed"] == {"count": 2, "estimate": 5.0}
    assert _remaining(report)[-2:] == [6.0, 7.0]

    version = found["One"]["version"]
    await outsider.do("sprintComplete", id=found["One"]["id"], expectedVersion=version)
    ended = (await there.shown())["One"]["report"]
    assert {**ended, "burndown": []} == {**report, "burndown": []}, "of a completed sprint it stays"
    assert ended["unfinished"] == {"count": 3, "estimate": 7.0}


async def test_a_completed_sprint_ends_as_it_ended_there(world: World) -> None:
    there, outsider = await _exported(world, completed=True), world.outsider
    there.change("One", started_at=there.ago(9), completed_at=there.ago(5))
    # One was done again after it had ended: in it, it was done.
    there.change("Done", completed_at=there.ago(1))
    there.change("Dropped", completed_at=there.ago(8), estimate=1.0)
    await there.send()
    found = await there.shown()
    report = found["One"]["report"]
    assert report["committed"] == {"count": 2, "estimate": 3.0}, "what was unfinished had gone elsewhere"
    assert (report["completed"], report["unfinished"]["count"]) == ({"count": 1, "estimate": 2.0}, 0)
    assert [one["day"] for one in report["burndown"]] == [there.ago(day)[:10] for day in (9, 8, 7, 6, 5)]
    assert _remaining(report) == [3.0, 2.0, 2.0, 2.0, 0.0]
    reopened = {"id": found["Done"]["id"], "expectedVersion": found["Done"]["version"]}
    await outsider.do("taskMove", **reopened, statusId=found["statuses"]["To do"])
    assert (await there.shown())["One"]["report"] == report, (
        "what is done to its tasks here does not change it"
    )


async def test_a_sprint_whose_times_are_strange_has_a_report(world: World) -> None:
    """Moments that are missing, at the edge of time, to come, or the wrong way round."""
    there = await _exported(world, completed=False)
    sprint = there.line("One")
    more: list[Any] = []
    for name, stage, started, ended in (
        ("First", "active", "0001-01-01T00:00:01+00:00", None), ("Last", "active", "9999-12-31T23:59:00+00:00", None),
        ("Unknown", "active", None, None), ("Over", "completed", None, "0001-01-01T00:00:01+00:00"),
        ("Ends", "completed", "2026-01-02T00:00:00+00:00", "2026-01-01T00:00:00+00:00"),
        ("Never", "completed", None, None), ("Planned", "planned", "2026-01-01T00:00:00+00:00", None),
    ):  # fmt: skip
        line = copy.deepcopy(sprint)
        line["id"] = line["state"]["id"] = f"018f0000-0000-7000-8000-{uuid4().hex[:12]}"
        line["state"] |= {"name": name, "stage": stage, "started_at": started, "completed_at": ended}
        more.append(line)
    there.lines[there.lines.index(sprint) + 1 : there.lines.index(sprint) + 1] = more
    await there.send()
    for zone in ("America/New_York", "Pacific/Auckland"):
        found = await there.shown(zone)
        days = {name: len(found[name]["report"]["burndown"]) for name in ("Unknown", "Over", "Ends", "Never")}
        assert set(days.values()) == {1}, days
        assert len(found["First"]["report"]["burndown"]) == 366
        assert len(found["Last"]["report"]["burndown"]) == 1, "it cannot have begun later than now"
        assert found["Planned"]["report"] is None
