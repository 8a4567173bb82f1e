"""Hidden equals missing: over every door, for every id that the schema takes anywhere."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from graphql import GraphQLInputObjectType, get_named_type

from app.config import Settings
from app.errors import NotFound
from app.tasks import decisions, facts
from app.tasks.reads import locate_tasks
from schema.ids import global_id
from tests import selections
from tests.client import JSON, mutation_document
from tests.invariants import hidden_equals_missing, id_places, kind_of, missing
from tests.proofs import PROOFS
from tests.service import Doors, Service, serve
from tests.world import World

Change = Callable[[JSON], JSON]
NODE = "query($id: ID!) { node(id: $id) { __typename id } }"


@pytest.fixture
async def service(
    doors: Doors, database: str, make_settings: Callable[..., Settings], logged: list[Any]
) -> AsyncIterator[Service]:
    """Without kept answers: statements are compared, and a question asked twice takes others."""
    async with serve(doors, make_settings(database, kept_bytes=0, kept_rows=0)) as running:
        yield running


def id_fields(
    kind: Any, place: tuple[str, ...] = (), within: tuple[str, ...] = ()
) -> Iterator[tuple[str, ...]]:
    """Where an input type takes ids. (Those of filters have a test of their own.)"""
    if kind.name == "TaskFilter":
        return
    if kind.name == "ID":
        yield place
    elif isinstance(kind, GraphQLInputObjectType) and kind.name not in within:
        for name, field in kind.fields.items():
            yield from id_fields(get_named_type(field.type), (*place, name), (*within, kind.name))


def _swapped(one: str, other: str) -> Change:
    return lambda given: {other if name == one else name: value for name, value in given.items()}


def _patched(keep: Callable[[str], bool]) -> Change:
    def change(given: JSON) -> JSON:
        return {**given, "patch": {name: value for name, value in given["patch"].items() if keep(name)}}

    return change


def _with(**more: Any) -> Change:
    return lambda given: {**given, **more}


def _bulk(change: Change, own: bool) -> Change:
    """The same patch in a bulk edit, common or the item's own."""

    def bulk(given: JSON) -> JSON:
        changed = change(given)
        item = {"id": changed["id"], "expectedVersion": changed["expectedVersion"]}
        patch = {"patch": changed["patch"]}
        return {"items": [item | (patch if own else {})], **({} if own else patch)}

    return bulk


# A removal of what is not there is done, so it stands alone: its answer is compared, not its refusal.
_PATCHES = (
    _patched(lambda name: not name.startswith("remove")),
    _patched(lambda name: name == "removeAssigneeIds"),
    _patched(lambda name: name == "removeLabelIds"),
)
_LABEL, _FIELD, _OPTION = (
    global_id(kind, UUID(int=1), UUID(int=2)) for kind in ("Label", "CustomField", "FieldOption")
)
_PERSON = global_id("User", UUID(int=1))
_CONDITIONS = tuple(
    _with(conditions=[{name: [word]}])
    for name, word in (("labelIds", _LABEL), ("withoutLabelIds", _LABEL), ("customFieldIds", _FIELD))
)
_ACTIONS = tuple(
    _with(actions=[action])
    for action in (
        {"addLabelIds": [_LABEL]},
        {"removeLabelIds": [_LABEL]},
        *(
            {"setCustomFields": [{"fieldId": _FIELD, "value": value}]}
            for value in ({"optionId": _OPTION}, {"optionIds": [_OPTION]}, {"userId": _PERSON})
        ),
    )
)
VARIANTS: dict[str, tuple[Change, ...]] = {
    "taskCreate": (lambda given: given, _swapped("beforeId", "afterId")),
    "statusCreate": (lambda given: given, _swapped("beforeId", "afterId")),
    "statusUpdate": (lambda given: given, _swapped("afterId", "beforeId")),
    "sprintCreate": (lambda given: given, _swapped("beforeId", "afterId")),
    "sprintUpdate": (lambda given: given, _swapped("afterId", "beforeId")),
    "customFieldCreate": (lambda given: given, _swapped("beforeId", "afterId")),
    "customFieldUpdate": (lambda given: given, _swapped("afterId", "beforeId")),
    "milestoneCreate": (lambda given: given, _swapped("beforeId", "afterId")),
    "milestoneUpdate": (lambda given: given, _swapped("afterId", "beforeId")),
    "taskMove": (lambda given: given, _swapped("beforeId", "afterId")),
    "boardUpdate": (
        lambda given: given,
        _swapped("afterId", "beforeId"),
        lambda given: {"id": given["id"], "expectedVersion": 1, "viewId": global_id("View", UUID(int=1))},
    ),
    "transitionCreate": (lambda given: given, _swapped("beforeId", "afterId"), *_CONDITIONS, *_ACTIONS),
    "transitionUpdate": (lambda given: given, _swapped("afterId", "beforeId"), *_CONDITIONS, *_ACTIONS),
    "taskUpdate": _PATCHES,
    "taskBulkUpdate": tuple(_bulk(change, own) for change in _PATCHES for own in (True, False)),
}


async def _inputs(world: World, name: str) -> list[JSON]:
    proof = PROOFS["taskUpdate" if name == "taskBulkUpdate" else name]
    by = world.person("member" if "member" in proof.may else proof.may[-1])
    given = await proof.prepare(world, by)
    found = [change(given) for change in VARIANTS.get(name, (lambda same: same,))]
    if name.startswith("taskBulk"):
        chosen = {one: value for one, value in found[0].items() if one != "items"}
        found.append({"patch": {}} if name == "taskBulkUpdate" else chosen)
        found[-1] = {**found[-1], "where": {"projectId": world.eng["id"], "filter": {}}}
    return found


async def _hidden(world: World, name: str) -> list[dict[str, str]]:
    """In another workspace, and (for those who are no admins) in this one."""
    found = [
        await world.hidden({**world.elsewhere, "workspace": world.kept.elsewhere["workspace"]}, "outsider")
    ]
    invited = await world.outsider.do(
        "invitationCreate", workspaceId=found[0]["Workspace"], email="hidden@lockstep.example"
    )
    await world.confirmed(world.outsider)
    listed = await world.outsider.do(
        "joiningDomainAdd", workspaceId=found[0]["Workspace"], domain="lockstep.example"
    )
    found[0]["JoiningDomain"] = listed["joiningDomain"]["id"]
    found[0]["Invitation"] = invited["invitation"]["id"]
    if "member" in PROOFS[name].may:
        found.append(await world.hidden(world.secret, "owner") | {"User": world.outsider.user_id})
        # Of its own workspace and of its teams a member knows.
        found[-1] |= {kind: found[0][kind] for kind in ("Workspace", "Team")}
    await world.task(by="outsider", projectId=world.elsewhere["id"], assigneeIds=[world.outsider.user_id])
    for kinds in found:
        items = await world.person("outsider").query("{ inbox { items { nodes { id } } } }")
        kinds["InboxItem"] = next((one["id"] for one in items["inbox"]["items"]["nodes"]), "")
    return found


@pytest.mark.parametrize("name", sorted(PROOFS))
async def test_a_mutation_does_not_tell(world: World, service: Service, name: str) -> None:
    proof = PROOFS[name]
    by = world.person("member" if "member" in proof.may else proof.may[-1])
    inputs = await _inputs(world, name)
    assert selections.SCHEMA.mutation_type is not None
    wanted = set(id_fields(get_named_type(selections.SCHEMA.mutation_type.fields[name].args["input"].type)))
    covered = {
        tuple(step for step in place if isinstance(step, str)) for one in inputs for place in id_places(one)
    }
    assert covered == wanted, "every id that it takes is tried"
    failures = []
    for kinds in await _hidden(world, name):
        for given in inputs:
            for place in id_places(given):
                inner: Any = given
                for step in place:
                    inner = inner[step]
                hidden = kinds[kind_of(inner)]
                try:
                    await hidden_equals_missing(
                        service, by, mutation_document(name), {"input": given}, ("input", *place), hidden
                    )
                except AssertionError as failure:
                    failures.append(f"{'.'.join(map(str, place))}: {failure}")
    assert not failures, "\n\n".join(failures)


async def test_what_is_hidden_is_there_for_its_own(world: World) -> None:
    """Else the proofs would compare nothing with nothing."""
    for by, kinds in zip(("outsider", "owner"), await _hidden(world, "taskCreate"), strict=True):
        for kind, identifier in kinds.items():
            if kind in ("Scope", "User", "InboxItem", "Workspace", "Team", "FieldOption"):
                continue
            assert (await world.person(by).query(NODE, id=identifier))["node"] is not None, kind
            assert (await world.member.query(NODE, id=identifier))["node"] is None, kind


ROOTS = {
    "node": ("query($x: ID!) { node(id: $x) { id } }", None),
    "nodes": ("query($x: ID!) { nodes(ids: [$x]) { id } }", None),
    "events": (
        "query($x: ID!) { events(scope: $x, after: $after) { position { seq } } }", ("Scope", "Project", "Workspace")
    ),
    "project": ('query($x: ID!) { project(key: "ENG", workspaceId: $x) { id } }', ("Workspace",)),
    "task": ('query($x: ID!) { task(key: "ENG-1", workspaceId: $x) { id } }', ("Workspace",)),
    "tasks": ("query($x: ID!) { tasks(projectIds: [$x]) { totalCount nodes { id } } }", ("Project",)),
    "queryParse": (
        'query($x: ID!) { queryParse(text: "label:H", cursor: 7, projectIds: [$x]) { suggestions { text } } }',
        ("Project",),
    ),
    "search": ('query($x: ID!) { search(text: "x", projectIds: [$x]) { hits { totalCount } } }', ("Project",)),
    "queryPrint": (
        "query($x: ID!) { queryPrint(projectIds: [$x], filter: {label: {eq: $x}}) }", ("Project", "Label"),
    ),
}  # fmt: skip
FILTERED = {
    "status": "Status", "type": "TaskType", "assignee": "User", "creator": "User", "label": "Label", "parent": "Task",
    "sprint": "Sprint", "milestone": "Milestone", "project": "Project",
}  # fmt: skip


async def test_a_query_does_not_tell(world: World, service: Service) -> None:
    assert selections.SCHEMA.query_type is not None
    takes = {
        name
        for name, one in selections.SCHEMA.query_type.fields.items()
        if any(list(id_fields(get_named_type(argument.type))) for argument in one.args.values())
    }
    assert takes == ROOTS.keys()
    cursor = (await world.position())["cursor"]
    await world.task()
    failures = []
    for kinds in await _hidden(world, "taskCreate"):
        for name, (template, accepted) in ROOTS.items():
            document = template.replace("$after", f'"{cursor}"')
            for kind, hidden in kinds.items():
                if accepted is not None and kind not in accepted:
                    continue
                try:
                    await hidden_equals_missing(service, world.member, document, {"x": ""}, ("x",), hidden)
                except AssertionError as failure:
                    if kind != "User":  # a colleague's name is no secret; the outsider's is
                        failures.append(f"{name} of {kind}: {failure}")
    assert not failures, "\n\n".join(failures)


async def test_a_filter_does_not_tell(world: World, service: Service) -> None:
    kind = selections.SCHEMA.type_map["TaskFilter"]
    assert isinstance(kind, GraphQLInputObjectType)
    by_id = ("IdComparator", "UserComparator")
    compared = {name for name, one in kind.fields.items() if get_named_type(one.type).name in by_id}
    assert compared == FILTERED.keys()
    await world.task()
    for kinds in await _hidden(world, "taskCreate"):
        for name, of in FILTERED.items():
            for op in ("eq: $x", "neq: $x", "in: [$x]", "nin: [$x]"):
                document = f"query($x: ID!) {{ tasks(filter: {{{name}: {{{op}}}}}) {{ totalCount nodes {{ id }} }} }}"
                await hidden_equals_missing(service, world.member, document, {"x": ""}, ("x",), kinds[of])


async def test_a_key_does_not_tell(world: World, service: Service) -> None:
    await world.hidden(world.secret, "owner")
    for document in ('{ project(key: "KEY") { id } }', '{ task(key: "KEY-1") { id } }'):
        for person in (world.member, world.outsider):
            counts = []
            for key in ("SEC", "ZZZ"):
                with service.statements() as counted:
                    data = await person.query(document.replace("KEY", key))
                assert list(data.values()) == [None]
                counts.append(len(counted))
            assert counts[0] == counts[1]


async def test_a_stream_does_not_tell(world: World) -> None:
    document = "subscription($x: ID!) { events(scope: $x) { kind } }"
    for kinds in await _hidden(world, "taskCreate"):
        for kind in ("Scope", "Project", "Workspace"):
            answers = []
            for identifier in (kinds[kind], missing(kinds[kind])):
                async with world.member.socket() as socket:
                    message = await socket.message(await socket.start(document, x=identifier))
                message["payload"] = [
                    {**error, "extensions": {**error["extensions"], "requestId": ""}}
                    for error in message["payload"][
                        "errors" if isinstance(message["payload"], dict) else slice(None)
                    ]
                ]
                answers.append(message)
            assert answers[0] == answers[1]


async def test_a_planted_leak_is_caught(
    world: World, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = (await world.hidden(world.secret, "owner"))["Task"]
    given = {"id": hidden, "expectedVersion": 1, "patch": {"title": "x"}}

    async def prove() -> None:
        document = mutation_document("taskUpdate")
        await hidden_equals_missing(
            service, world.member, document, {"input": given}, ("input", "id"), hidden
        )

    await prove()
    real, words = NotFound, iter(["Task", "Task that you may not see", "Task"])
    with monkeypatch.context() as patch:
        patch.setattr(decisions, "NotFound", lambda what, *, path: real(next(words), path=path))
        with pytest.raises(AssertionError):
            await prove()

    async def asking_twice(work: Any, viewer_id: Any, task_ids: Any) -> Any:
        found = await locate(work, viewer_id, task_ids)
        if next(rounds):
            await locate(work, viewer_id, task_ids)
        return found

    locate, rounds = locate_tasks, iter([False, True, False, False])
    monkeypatch.setattr(facts, "locate_tasks", asking_twice)
    with pytest.raises(AssertionError, match="hidden:"):
        await prove()
