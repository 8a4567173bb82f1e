"""A world with something of everything in it, and the values that operations are tried with."""

from __future__ import annotations

from dataclasses import dataclass

from app.events.cursors import Cursor
from tests.client import JSON
from tests.fields.proofs import one_of_each_field
from tests.world import World

ROLES = ("owner", "admin", "manager", "member", "viewer", "guest", "colleague", "outsider", "nobody")


@dataclass(frozen=True)
class Pool:
    """Values for arguments that somebody or other may use, by what they are."""

    ids: tuple[str, ...]
    scopes: tuple[str, ...]
    page_cursors: tuple[str, ...]
    log_cursors: tuple[str, ...]


async def populate(world: World) -> Pool:
    """Tasks with all that may hang on them, in three projects; two of their projects most people do not see."""
    labels = [(await world.label(name))["id"] for name in ("bug", "ünder")]
    people = [world.member.user_id, world.viewer.user_id, world.owner.user_id]
    sprint, milestone = await world.sprint(), await world.milestone(dueOn="2030-01-31")
    await world.owner.do("sprintStart", id=sprint["id"], expectedVersion=1)
    fields = await one_of_each_field(world)
    tasks: list[JSON] = []
    for number in range(8):
        more: JSON = {
            "priority": number % 5, "labelIds": labels[: number % 3], "assigneeIds": people[: number % 4],
            "sections": [{"name": "notes", "text": f"Notes {number} of @[Member](user:{world.uuid('member')})"}],
            "config": [{"key": "effort", "value": {"list": [number, None, 2.5]}}],
        }  # fmt: skip
        if number % 2:
            more |= {"fields": fields[number % 3 :]}
            more |= {"sprintId": sprint["id"], "milestoneId": milestone["id"]}
            more |= {"estimate": number / 2, "dueDate": f"2030-01-0{number + 1}", "parentId": tasks[0]["id"]}
        status = ("To do", "In progress", "Done", "Cancelled")[number % 4]
        tasks.append(
            await world.task(
                f"Task {number}", "member" if number % 3 else "owner", statusId=world.status(status), **more
            )
        )
    comments = [await world.comment(tasks[0], "Opening"), await world.comment(tasks[1], "Elsewhere")]
    comments.append(await world.comment(tasks[0], "Answer", by="manager", parentId=comments[0]["id"]))
    await world.member.do("commentDelete", id=comments[1]["id"], expectedVersion=1)
    link = await world.member.do("linkAdd", sourceId=tasks[0]["id"], kind="blocks", targetId=tasks[1]["id"])
    elsewhere = {**world.elsewhere, "workspace": world.kept.elsewhere["workspace"]}
    hidden = [await world.hidden(world.secret, "owner"), await world.hidden(elsewhere, "outsider")]
    tasks.append(await world.task("Operated", projectId=world.ops["id"]))
    await world.owner.do("linkAdd", sourceId=tasks[2]["id"], kind="relates", targetId=hidden[0]["Task"])
    await world.member.do("taskUpdate", id=tasks[3]["id"], expectedVersion=1, patch={"title": "Renamed"})
    await world.member.do("taskDelete", id=tasks[4]["id"], expectedVersion=1)
    labels += [one["fieldId"] for one in fields]
    view = await world.view(query="(assignee:me or is:open) sort:-updated", groupBy="ASSIGNEE")
    own = await world.view("Own", shared=False, projectId=None, query="label:bug", groupBy="STATUS")
    labels += [sprint["id"], milestone["id"], view["id"], own["id"]]
    return await _pool(world, tasks, [*labels, *(one["id"] for one in comments), link["link"]["id"]], hidden)


PLACES = """{ inbox { items { nodes { id } } } tasks(first: 3) { edges { cursor } }
  projects { tasks(first: 2, orderBy: [{field: TITLE}]) { edges { cursor } } } }"""


async def _pool(world: World, tasks: list[JSON], ids: list[str], hidden: list[dict[str, str]]) -> Pool:
    found = await world.member.query(PLACES)
    ids += [task["id"] for task in tasks] + [one for kinds in hidden for one in kinds.values()]
    ids += [item["id"] for item in found["inbox"]["items"]["nodes"]]
    ids += [one["id"] for words in ("statuses", "labels", "taskTypes") for one in world.eng[words]]
    ids += [world.eng["id"], world.workspace["id"], world.elsewhere["id"], world.member.user_id]
    pages = [edge["cursor"] for edge in found["tasks"]["edges"]]
    pages += [edge["cursor"] for project in found["projects"] for edge in project["tasks"]["edges"]]
    positions = [await world.position(project) for project in (world.eng, world.secret)]
    scopes = (world.eng["scope"], world.eng["scope"], world.secret["scope"])
    start = Cursor.at(world.scope_uuid(), 0, None).encode()
    return Pool(tuple(ids), scopes, tuple(pages), (start, start, *(one["cursor"] for one in positions)))
