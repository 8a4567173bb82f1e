"""History for people to read: what changes name is told in words, and edits of texts among their lines."""

from __future__ import annotations

from typing import Any

from app.history.checkpoints import write_checkpoints
from tests.client import JSON
from tests.service import Service
from tests.world import World

HISTORY = """query($id: ID!, $n: Int!) { node(id: $id) { ... on Task { history(first: $n) { nodes {
  seq changes { __typename ... on ValueChange { field oldName newName old new }
  ... on MembersChange { field added addedNames removedNames }
  ... on EntryChange { field key keyName old new oldName newName }
  ... on TextChange { field hunks { oldLine newLine lines { kind text } } }
} } } } } }"""
LONG = "\n".join(f"Line {number}" for number in range(1, 30))


async def _history(world: World, task: JSON, by: str = "owner", n: int = 10) -> list[list[JSON]]:
    found = await world.person(by).query(HISTORY, id=task["id"], n=n)
    return [event["changes"] for event in found["node"]["history"]["nodes"]]


async def test_changes_are_told_in_words(world: World) -> None:
    label = await world.label("Urgent")
    parent = await world.task("The whole")
    task = await world.task()
    await world.member.do("taskUpdate", id=task["id"], expectedVersion=1, patch={
        "statusId": world.status("Done"), "parentId": parent["id"], "addLabelIds": [label["id"]],
        "addAssigneeIds": [world.viewer.user_id], "priority": 3,
    })  # fmt: skip
    changes: Any = {change["field"]: change for change in (await _history(world, task))[0]}
    before = next(one["name"] for one in world.eng["statuses"] if one["category"] == "UNSTARTED")
    assert (changes["statusId"]["oldName"], changes["statusId"]["newName"]) == (before, "Done")
    assert (changes["parentId"]["oldName"], changes["parentId"]["newName"]) == (
        None,
        f"{parent['key']} The whole",
    )
    assert changes["labelIds"]["addedNames"] == ["Urgent"]
    assert changes["assigneeIds"]["addedNames"] == ["Viewer"]
    assert changes["assigneeIds"]["removedNames"] == []
    assert (changes["priority"]["newName"], changes["priority"]["new"]) == (None, 3)


async def test_custom_fields_are_told_in_words(world: World, service: Service) -> None:
    """A field and its options that are deleted since, too: history is of then."""
    options = [{"name": "Low"}, {"name": "High"}]
    fields = {kind: await world.custom_field(kind.title(), kind) for kind in ("TEXT", "NUMBER", "USER")}
    for kind in ("SELECT", "MULTI_SELECT"):
        fields[kind] = await world.custom_field(kind.title(), kind, options=options)
    low, high = [one["id"] for one in fields["SELECT"]["options"]]
    several = [one["id"] for one in fields["MULTI_SELECT"]["options"]]
    task = await world.task(config=[{"key": "a", "value": 1}])

    async def edit(version: int, **values: JSON | None) -> None:
        given = [{"fieldId": fields[kind]["id"], "value": value} for kind, value in values.items()]
        config = [{"key": "a", "value": version + 1}]
        patch = {"fields": given, "config": config}
        await world.member.do("taskUpdate", id=task["id"], expectedVersion=version, patch=patch)

    await edit(
        1, TEXT={"text": "Ada"}, NUMBER={"number": 3}, USER={"userId": world.viewer.user_id},
        SELECT={"optionId": low}, MULTI_SELECT={"optionIds": several},
    )  # fmt: skip
    await edit(2, SELECT={"optionId": high}, TEXT=None)
    await world.owner.do("customFieldDelete", id=fields["SELECT"]["id"], expectedVersion=1)
    second, first = (await _history(world, task))[:2]

    def told(changes: list[JSON]) -> dict[str | None, tuple[str | None, str | None]]:
        entries = (one for one in changes if one["__typename"] == "EntryChange")
        return {one["keyName"]: (one["oldName"], one["newName"]) for one in entries}

    assert told(first) == {
        None: (None, None), "Text": (None, "Ada"), "Number": (None, "3"), "User": (None, "Viewer"),
        "Select": (None, "Low"), "Multi_Select": (None, "Low, High"),
    }  # fmt: skip
    assert told(second) == {None: (None, None), "Select": ("Low", "High"), "Text": ("Ada", None)}
    counts = []
    for n in (1, 1, 2):
        with service.statements() as counted:
            await _history(world, task, n=n)
        counts.append(len(counted))
    assert counts[2] <= counts[1] + 1, "people are looked up where some are named"


async def test_edits_of_texts_are_told_as_hunks(world: World, service: Service) -> None:
    task = await world.task(description=LONG)
    texts = [LONG.replace("Line 10", "Line ten"), LONG.replace("Line 10", "Line ten") + "\nThe end", "Short"]
    for version, text in enumerate(texts, 1):
        await world.member.do(
            "taskUpdate", id=task["id"], expectedVersion=version, patch={"description": text}
        )
    told = await _history(world, task)
    [ten] = told[2][0]["hunks"]
    assert (ten["oldLine"], ten["newLine"]) == (7, 7)
    assert [(line["kind"], line["text"]) for line in ten["lines"][3:5]] == [
        ("REMOVED", "Line 10"), ("ADDED", "Line ten")
    ]  # fmt: skip
    [end] = told[1][0]["hunks"]
    assert end["lines"][-1] == {"kind": "ADDED", "text": "The end"}
    await write_checkpoints(service.application.store, every=3)
    assert await _history(world, task) == told, "from a checkpoint as from the beginning"


async def test_the_number_of_statements_is_that_of_one(world: World, service: Service) -> None:
    task = await world.task(description=LONG)
    for version in range(1, 6):
        patch = {
            "description": f"{LONG}\n{version}",
            "statusId": world.status("Done" if version % 2 else "Backlog"),
        }
        await world.member.do("taskUpdate", id=task["id"], expectedVersion=version, patch=patch)
    counts = []
    for n in (1, 1, 5):
        with service.statements() as counted:
            await _history(world, task, n=n)
        counts.append(len(counted))
    assert counts[1] == counts[2]
