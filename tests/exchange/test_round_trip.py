"""Out and in again: an export, imported into another workspace or another database, is exported as the same."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.config import Settings
from app.errors import PermissionDenied
from app.events.models import ActorKind
from app.exchange.reading import NoExport
from app.exchange.restoring import Restoration
from app.ids import new_id
from app.imports.reports import Report, unheard
from app.work import Actor
from tests.client import JSON, Client
from tests.conftest import Template
from tests.databases import Databases
from tests.service import Doors, Service, serve
from tests.world import World, uuids

UUIDS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def fetched(client: Client, address: str) -> bytes:
    """An export, whole."""
    response = await client._http.get(address, headers={"Authorization": f"Bearer {client.token}"})
    assert response.status_code == 200, response.text
    return response.content


async def exported(client: Client, project_id: str) -> list[JSON]:
    """The lines of a project's export."""
    return [
        json.loads(line)
        for line in (await fetched(client, f"/exports/projects/{project_id}.jsonl")).splitlines()
    ]


async def imported(
    service: Service, by: Client, workspace: JSON, path: Path, **keys: str
) -> tuple[Report, list[Any]]:
    """Imports a file into a workspace."""
    report = Report(unheard)
    actor = Actor(uuids(by.user_id)[0], ActorKind.IMPORT)
    restoration = Restoration(service.application.store, actor, uuids(workspace["id"])[0], path, report, keys)
    return report, await restoration.run()


_NAMED = ("project", "status", "label", "task_type", "sprint", "milestone", "custom_field", "view")


def meaning(lines: list[JSON]) -> list[Any]:
    """What lines say, with names for ids: the same of two workspaces that are equal."""
    names: dict[str, str] = {}
    for line in lines:
        if line.get("type") == "person":
            names[line["id"]] = line["name"]
        elif line.get("type") in _NAMED:
            names[line["id"]] = f"{line['type']} {line['state']['name']}"
        elif line.get("type") == "task":
            names[line["id"]] = f"task {line['state']['number']}"
        elif line.get("type") == "comment":
            names[line["id"]] = f"comment {line['state']['created_at']}"

    def told(value: Any) -> Any:
        if isinstance(value, dict):
            return {names.get(key, key): told(one) for key, one in value.items() if key != "id"}
        if isinstance(value, list):
            return sorted((told(one) for one in value), key=str)
        return UUIDS.sub(lambda one: names.get(one[0], one[0]), value) if isinstance(value, str) else value

    left_out = ("project", "person", "project_member", "end")
    kept = [(line["type"], told(line["state"])) for line in lines[1:] if line["type"] not in left_out]
    return sorted(kept, key=str)


def joined(lines: list[JSON]) -> dict[str, set[str]]:
    """The names of the members of each project, by its key."""
    names = {line["id"]: line["name"] for line in lines if line.get("type") == "person"}
    found: dict[str, set[str]] = {line["id"]: set() for line in lines if line.get("type") == "project"}
    for line in lines:
        if line.get("type") == "project_member":
            found[line["project"]].add(names[line["state"]["user_id"]])
    return {line["state"]["key"]: found[line["id"]] for line in lines if line.get("type") == "project"}


async def furnished(world: World) -> None:
    """Something of everything."""
    label = await world.label("Urgent")
    asking = f"Ask @[Viewer](user:{world.uuid('viewer')})"
    first = await world.task("First", description=asking, labelIds=[label["id"]])
    second = await world.task("Second", by="owner", parentId=first["id"], assigneeIds=[world.viewer.user_id],
                              config=[{"key": "id", "value": first["id"]}], dueDate="2030-01-31")  # fmt: skip
    gone = await world.task("Gone")
    await world.member.do("taskDelete", id=gone["id"], expectedVersion=1)
    said = await world.comment(first, "Said")
    await world.comment(first, "Answered", by="owner", parentId=said["id"])
    await world.member.do("linkAdd", sourceId=first["id"], kind="blocks", targetId=second["id"])
    await world.member.do("taskMove", id=second["id"], statusId=world.status("Done"), expectedVersion=1)
    await _planned(world, label)


async def _planned(world: World, label: JSON) -> None:
    """Views, boards over them, and a workflow that names words."""
    field, owner = await world.custom_field("Severity"), world.owner
    view = await world.view(
        "Mine",
        query="(assignee:viewer or -assignee:me) label:Urgent parent:1 status:Done sort:-due,field.Severity",
        columns=["key"],
    )
    columns = [
        {"name": "Open", "statusIds": [world.status("In progress"), world.status("To do")], "limit": 3},
        {"name": "Done", "statusIds": [world.status("Done")]},
    ]
    place = {"projectId": world.eng["id"]}
    await owner.do("boardCreate", **place, name="Over a view", viewId=view["id"], columns=columns)
    await owner.do(
        "boardCreate", **place, name="Own", query="label:Urgent assignee:viewer", swimlanes="LABEL"
    )
    conditions = [{"customFieldIds": [field["id"]]}, {"withoutLabelIds": [label["id"]]}]
    await owner.do(
        "transitionCreate",
        **place,
        name="Start",
        toStatusId=world.status("Done"),
        conditions=conditions,
        actions=[
            {"addLabelIds": [label["id"]]},
            {"setCustomFields": [{"fieldId": field["id"], "value": {"text": "x"}}]},
        ],
    )


@pytest.fixture
async def elsewhere(
    databases: Databases, template: Template, doors: Doors, make_settings: Callable[..., Settings]
) -> Any:
    """Another service, of which the world knows nothing but an account with a workspace."""
    async with databases.copy_of(template.database) as name, serve(doors, make_settings(name)) as service:
        yield service


async def test_into_another_workspace_of_the_same_database(
    world: World, service: Service, tmp_path: Path
) -> None:
    await furnished(world)
    content = await fetched(world.owner, f"/exports/projects/{world.eng['id']}.jsonl")
    path = tmp_path / "eng.jsonl"
    path.write_bytes(content)
    workspace = (await world.outsider.do("workspaceCreate", name="Fresh"))["workspace"]
    report, [project_id] = await imported(service, world.outsider, workspace, path)
    assert report.counts["created"] == 3
    found = (await world.outsider.query("{ projects { id key } }"))["projects"]
    here = next(one["id"] for one in found if uuids(one["id"])[0] == project_id)
    before = [json.loads(line) for line in content.splitlines()]
    after = await exported(world.outsider, here)
    assert meaning(after) == meaning(before)
    [was, now] = [
        next(line["state"] for line in lines if line.get("type") == "project") for lines in (before, after)
    ]
    assert {**now, "id": was["id"]} == was, "its version and times too"
    again, _ = await imported(service, world.outsider, workspace, path)
    assert again.events == 0, "a second run changes nothing"
    assert again.counts["unchanged"] > 0
    made = await world.outsider.do("taskCreate", projectId=here, title="Next")
    assert made["task"]["number"] == 4


async def test_people_join_the_projects_in_which_they_were(
    world: World, service: Service, tmp_path: Path
) -> None:
    """Members as in the file, and who is assigned or stands in a field; who only made or said something is named."""
    await furnished(world)
    who = await world.custom_field("Tester", "USER")
    value = {"fieldId": who["id"], "value": {"userId": world.viewer.user_id}}
    await world.task("Tested", fields=[value])
    content = await fetched(world.owner, f"/exports/workspaces/{world.workspace['id']}.jsonl")
    lines = [json.loads(line) for line in content.splitlines()]
    eng = str(uuids(world.eng["id"])[0])
    # In the file the member who made the tasks is none any more; who is assigned has no line either.
    gone = {str(world.uuid("member")), str(world.uuid("viewer"))}
    kept = [
        line for line in lines
        if not (line.get("type") == "project_member" and line["project"] == eng and line["id"] in gone)
    ]  # fmt: skip
    kept[-1] = {"type": "end", "lines": len(kept) - 1}
    path = tmp_path / "all.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in kept))
    workspace = (await world.outsider.do("workspaceCreate", name="Fresh"))["workspace"]
    report, _ = await imported(service, world.outsider, workspace, path)
    after = [
        json.loads(line)
        for line in (
            await fetched(world.outsider, f"/exports/workspaces/{workspace['id']}.jsonl")
        ).splitlines()
    ]
    expected = joined(kept)
    called = {line["id"]: line["name"] for line in [*kept, *after] if line.get("type") == "person"}
    expected["ENG"].add(called[str(world.uuid("viewer"))])
    importer = called[str(world.uuid("outsider"))]
    assert joined(after) == {key: {*names, importer} for key, names in expected.items()}
    assert report.counts["joined"] == sum(map(len, expected.values()))
    assert len(set(map(frozenset, expected.values()))) > 1, "or there is nothing to tell apart"
    assert [one for one in meaning(after) if one[0] != "project_team"] == [
        one for one in meaning(kept) if one[0] != "project_team"
    ], "who joined nothing is still named"
    again, _ = await imported(service, world.outsider, workspace, path)
    assert again.events == 0


async def test_an_archived_project_comes_back_archived(
    world: World, service: Service, tmp_path: Path
) -> None:
    """At the version and times that it had; what is done to it later, and who restores it here, stays."""
    await furnished(world)
    await world.owner.do("projectUpdate", id=world.eng["id"], expectedVersion=1, archived=True)
    await world.owner.do("projectUpdate", id=world.eng["id"], expectedVersion=2, name="Old")
    path = tmp_path / "eng.jsonl"
    path.write_bytes(await fetched(world.owner, f"/exports/projects/{world.eng['id']}.jsonl"))
    before = [json.loads(line) for line in path.read_bytes().splitlines()]
    workspace = (await world.outsider.do("workspaceCreate", name="Fresh"))["workspace"]
    await imported(service, world.outsider, workspace, path)
    found = (await world.outsider.query("{ projects { id version archivedAt } }"))["projects"]
    [here] = [one for one in found if one["archivedAt"]]
    after = await exported(world.outsider, here["id"])
    assert meaning(after) == meaning(before)
    [was, now] = [
        next(line["state"] for line in lines if line.get("type") == "project") for lines in (before, after)
    ]
    assert {**now, "id": was["id"]} == was
    with pytest.raises(PermissionDenied, match="Restore it"):
        await imported(service, world.outsider, workspace, path)
    await world.outsider.do("projectUpdate", id=here["id"], expectedVersion=here["version"], archived=False)
    again, _ = await imported(service, world.outsider, workspace, path)
    assert again.events == 0, "who restored it has it restored"


async def test_members_of_the_workspace_are_let_in_by_their_address_and_nobody_else(
    world: World, service: Service, tmp_path: Path
) -> None:
    """A file says who is a member. Whoever is none of the workspace is a name there, whatever account has it."""
    outsider = str(world.uuid("outsider"))
    lines = await exported(world.owner, world.eng["id"])
    state = next(line for line in lines if line.get("type") == "project_member")["state"]
    kept = [line for line in lines if line.get("type") not in ("person", "project_member", "end")]
    eng, fresh = str(uuids(world.eng["id"])[0]), str(new_id())
    for user_id, address in (
        (str(world.uuid("viewer")), " Viewer@Lockstep.example"),
        (outsider, world.outsider.email),
    ):
        kept.append(
            {"type": "project_member", "project": eng, "id": user_id, "state": {**state, "user_id": user_id}}
        )
        kept.append({"type": "person", "id": user_id, "name": address, "kind": "person"})
    kept.append({"type": "end", "lines": len(kept)})
    path = tmp_path / "eng.jsonl"
    path.write_text("".join(json.dumps(line).replace(eng, fresh) + "\n" for line in kept))
    await imported(service, world.owner, world.workspace, path, ENG="NEW")
    mine = "{ projects { key members { nodes { user { id kind name } role } } } }"
    shown = {one["key"]: one["members"]["nodes"] for one in (await world.viewer.query(mine))["projects"]}
    members = {one["user"]["id"]: (one["user"]["kind"], one["role"]) for one in shown["NEW"]}
    assert members.pop(world.viewer.user_id) == ("PERSON", "MEMBER")
    assert members.pop(world.owner.user_id) == ("PERSON", "ADMIN")
    assert [kind for kind, _ in members.values()] == ["PLACEHOLDER"]
    assert world.outsider.user_id not in members
    assert "NEW" not in [one["key"] for one in (await world.outsider.query(mine))["projects"]]


async def test_ids_are_kept_where_they_are_free(world: World, service: Service, tmp_path: Path) -> None:
    """A project under its own ids: what was made with another key is refused by the one that is there."""
    await furnished(world)
    path = tmp_path / "eng.jsonl"
    path.write_bytes(await fetched(world.owner, f"/exports/projects/{world.eng['id']}.jsonl"))
    report, [project_id] = await imported(service, world.owner, world.workspace, path)
    assert project_id == uuids(world.eng["id"])[0], "it is there already"
    assert report.counts["created"] == 0


def _member(world: World, state: Any) -> bytes:
    """A line that says of somebody that they are a member."""
    line = {"type": "project_member", "project": str(uuids(world.eng["id"])[0]), "id": "x", "state": state}
    return json.dumps(line).encode() + b"\n"


async def test_what_is_cut_off_or_no_export_is_refused(
    world: World, service: Service, tmp_path: Path
) -> None:
    lines = (await fetched(world.owner, f"/exports/projects/{world.eng['id']}.jsonl")).splitlines(
        keepends=True
    )
    for name, content, line in (
        ("cut", b"".join(lines[:-1]), len(lines) - 1), ("broken", lines[0] + b"{\n", 2),
        ("newer", lines[0].replace(b'"version":1', b'"version":9'), 1), ("other", b'{"id": 1}\n', 1),
        ("nobody", lines[0] + _member(world, {}), 2), ("no id", lines[0] + _member(world, {"user_id": "me"}), 2),
        ("no state", lines[0] + _member(world, None), 2),
    ):  # fmt: skip
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(NoExport) as refused:
            await imported(service, world.owner, world.workspace, path)
        assert refused.value.line == line


async def test_who_may_export(world: World) -> None:
    for address, codes in (
        (f"/exports/projects/{world.eng['id']}.jsonl", {"viewer": 403, "guest": 200, "outsider": 404}),
        (f"/exports/projects/{world.secret['id']}.csv", {"member": 404, "admin": 200}),
        (f"/exports/workspaces/{world.workspace['id']}.jsonl", {"member": 403, "admin": 200, "outsider": 404}),
    ):  # fmt: skip
        for person, code in codes.items():
            client = world.person(person)
            response = await client._http.get(address, headers={"Authorization": f"Bearer {client.token}"})
            assert response.status_code == code, (address, person, response.text)


async def test_a_workspace_with_its_log(world: World) -> None:
    await furnished(world)
    content = await fetched(world.owner, f"/exports/workspaces/{world.workspace['id']}.jsonl?events=true")
    lines = [json.loads(line) for line in content.splitlines()]
    assert {line["project"] for line in lines if line.get("type") == "project"} == {
        str(uuids(project["id"])[0]) for project in (world.eng, world.ops, world.secret)
    }
    assert lines[-1] == {"type": "end", "lines": len(lines) - 1}
    for project in (world.eng, world.ops, world.secret):
        place = str(uuids(project["id"])[0])
        seqs = [line["seq"] for line in lines[1:] if line["type"] == "event" and line["project"] == place]
        assert seqs == list(range(1, len(seqs) + 1))
        assert len(seqs) == (await world.position(project))["seq"]
