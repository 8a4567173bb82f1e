"""Saved views list what their query says, for whoever looks; personal ones are one's own."""

from __future__ import annotations

from tests.client import JSON, Client
from tests.folding import Scope
from tests.invariants import verify_events
from tests.world import World

SHOWN = """query($id: ID!, $first: Int, $after: String) { node(id: $id) { ... on View { name shared query sort groupBy
  columns filter orderBy { field direction } viewerCanUpdate groups { key count }
  tasks(first: $first, after: $after) { totalCount nodes { id title } pageInfo { hasNextPage endCursor } } } } }"""


async def shown(client: Client, view: JSON, **page: object) -> JSON:
    """A view and its tasks."""
    found: JSON = (await client.query(SHOWN, id=view["id"], **page))["node"]
    return found


def titles(found: JSON) -> list[str]:
    """Of its tasks, in order."""
    return [task["title"] for task in found["tasks"]["nodes"]]


async def test_it_lists_groups_and_counts(world: World) -> None:
    bug = await world.label("bug")
    for number in range(5):
        await world.task(
            f"Task {number}", priority=number, labelIds=[bug["id"]] if number % 2 else [],
            assigneeIds=[world.member.user_id] if number > 2 else [],
        )  # fmt: skip
    text = "-priority:none sort:-title"
    view = await world.view(query=text, groupBy="LABEL", columns=["title", "key"])
    found = await shown(world.viewer, view, first=2)
    assert titles(found) == ["Task 4", "Task 3"]
    assert (found["query"], found["columns"], found["viewerCanUpdate"]) == (text, ["title", "key"], False)
    assert found["tasks"]["totalCount"] == 4
    rest = await shown(world.viewer, view, first=5, after=found["tasks"]["pageInfo"]["endCursor"])
    assert titles(rest) == ["Task 2", "Task 1"]
    assert found["groups"] == [{"key": bug["id"], "count": 2}, {"key": None, "count": 2}]
    narrowed = await world.viewer.query(
        "query($f: TaskFilter) { tasks(filter: $f) { totalCount } }", f=found["filter"]
    )
    assert narrowed["tasks"]["totalCount"] == 4


async def test_me_is_who_looks(world: World) -> None:
    await world.task("Mine", assigneeIds=[world.member.user_id])
    await world.task("Theirs", assigneeIds=[world.viewer.user_id])
    view = await world.view(query="assignee:me", groupBy="ASSIGNEE")
    assert titles(await shown(world.member, view)) == ["Mine"]
    found = await shown(world.viewer, view)
    assert titles(found) == ["Theirs"]
    assert found["groups"] == [{"key": world.viewer.user_id, "count": 1}]


async def test_ones_own_view_is_nobody_elses(world: World) -> None:
    """Nor is it seen through the project; across projects it lists what one sees."""
    await world.task("Here")
    await world.task("There", projectId=world.ops["id"])
    await world.task("Hidden", by="owner", projectId=world.secret["id"])
    async with verify_events(world.member, Scope("inbox")):
        view = await world.view(shared=False, projectId=None, query="is:open")
    own = await world.view("Own", shared=False)
    assert sorted(titles(await shown(world.member, view))) == ["Here", "There"]
    for person in (world.owner, world.viewer, world.outsider):
        assert (await person.query(SHOWN, id=view["id"]))["node"] is None
        refusal = await person.refused("viewUpdate", id=own["id"], expectedVersion=1, name="Else")
        assert refusal["code"] == "NOT_FOUND"
        listed = await person.query(
            "{ viewer { views { nodes { id } } } projects { views { nodes { id } } } }"
        )
        assert own["id"] not in str(listed)
    listed = await world.member.query(
        "{ viewer { views { nodes { id } } } projects { views { nodes { id } } } }"
    )
    assert {one["id"] for one in listed["viewer"]["views"]["nodes"]} == {view["id"], own["id"]}
    assert own["id"] in str(listed["projects"])
    async with verify_events(world.member, Scope("inbox")):
        await world.member.do(
            "viewUpdate", id=own["id"], expectedVersion=1, query="label:none", groupBy="TYPE"
        )
    async with verify_events(world.member, Scope("inbox")):
        await world.member.do("viewDelete", id=own["id"], expectedVersion=2)


async def test_a_view_that_others_changed_is_a_conflict(world: World) -> None:
    view = await world.view()
    await world.manager.do("viewUpdate", id=view["id"], expectedVersion=1, name="First")
    refusal = await world.member.refused("viewUpdate", id=view["id"], expectedVersion=1, name="Second")
    assert (refusal["code"], refusal["currentVersion"]) == ("VERSION_CONFLICT", 2)
    assert refusal["current"]["id"] == view["id"]
    assert (await world.member.refused("viewDelete", id=view["id"], expectedVersion=1))[
        "code"
    ] == "VERSION_CONFLICT"
    assert (await world.guest.refused("viewUpdate", id=view["id"], expectedVersion=2, name="Third"))[
        "code"
    ] == "PERMISSION_DENIED"


async def test_what_is_refused(world: World) -> None:
    for given, path in (
        ({"columns": ["a", "a"]}, ["columns"]), ({"name": ""}, ["name"]),
        ({"projectId": None}, ["projectId"]),
    ):  # fmt: skip
        made = {"projectId": world.eng["id"], "name": "A view", "query": "", "shared": True} | given
        refusal = await world.member.refused("viewCreate", **made)
        assert (refusal["code"], refusal["path"]) == ("VALIDATION_FAILED", path)
    made = {"projectId": world.eng["id"], "name": "A view", "query": ""}
    assert (await world.viewer.refused("viewCreate", **made, shared=True))["code"] == "PERMISSION_DENIED"
    assert (await world.viewer.answer("viewCreate", **made, shared=False))["errors"] == []


async def test_a_column_keeps_what_is_no_line_break_of_ours(world: World) -> None:
    columns = ["one\u2028two", "one"]
    view = await world.view(columns=columns)
    found = await world.member.query(
        "query($id: ID!) { node(id: $id) { ... on View { columns } } }", id=view["id"]
    )
    assert found["node"]["columns"] == columns
    async with verify_events(world.member, Scope("project", world.eng["id"])):
        await world.member.do("viewUpdate", id=view["id"], expectedVersion=1, columns=["a\u0085b"])


async def test_a_query_with_faults_is_refused_with_all_of_them(world: World) -> None:
    """Placed as browsers count: the rocket has two units."""
    made = {"projectId": world.eng["id"], "name": "A view", "query": "🚀 label:nothing statuss:Done"}
    refusal = await world.member.refused("viewCreate", **made)
    assert (refusal["code"], refusal["path"]) == ("QUERY_INVALID", ["query"])
    assert [(one["code"], one["start"], one["end"], one["meant"]) for one in refusal["errors"]] == [
        ("UNKNOWN_NAME", 9, 16, []), ("UNKNOWN_FIELD", 17, 29, ["status"])
    ]  # fmt: skip
    view = await world.view(query="is:open")
    changed = {"id": view["id"], "expectedVersion": 1, "query": "priority:>"}
    assert (await world.member.refused("viewUpdate", **changed))["errors"][0]["code"] == "MISSING_VALUE"
