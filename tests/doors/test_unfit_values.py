"""Values that no answer of ours ever had: the field at fault says so, and the answer is an answer."""

from __future__ import annotations

import base64
from uuid import uuid4

import pytest

from tests.client import JSON
from tests.world import World

PAGE = """query($f: TaskFilter, $o: [TaskOrder!], $after: String) {
  tasks(filter: $f, orderBy: $o, after: $after) { totalCount nodes { id } } }"""


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


async def test_what_cannot_be_kept_cannot_be_looked_for_either(world: World) -> None:
    """A NUL in a filter, a cursor, a key; also beside other fields, which share the transaction."""
    after = encoded(f'["title,id","\\u0000","{uuid4()}"]')
    asked: list[JSON] = [{"f": {"title": {op: "\x00"}}} for op in ("eq", "neq", "contains")]
    asked += [{"f": {"externalRef": {"in": ["a", "\x00"]}}}, {"after": after, "o": [{"field": "TITLE"}]}]
    asked += [{"o": [{"customFieldId": ""}]}]
    for variables in asked:
        answer = await world.member.ask(PAGE, variables)
        assert (answer.status, answer.codes) == (200, ["BAD_USER_INPUT"]), variables
    two = '{ tasks { totalCount } project(key: "ENG") { id } task(key: "E\\u0000G-1") { id } projects { name } }'
    answer = await world.member.ask(two)
    assert answer.status == 200
    assert set(answer.codes) == {"BAD_USER_INPUT"}


@pytest.mark.parametrize("parts", [1, 2])
async def test_ids_of_every_kind_with_too_few_or_too_many_parts(world: World, parts: int) -> None:
    kinds = (
        "User",
        "Project",
        "Workspace",
        "Task",
        "Comment",
        "Link",
        "InboxItem",
        "Status",
        "Label",
        "TaskType",
    )
    ids = [
        encoded(":".join((kind, *(uuid4().hex for _ in range(parts))))) for kind in (*kinds, "Scope", "Nix")
    ]
    answer = await world.member.ask("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ids})
    assert answer.data["nodes"] == [None] * len(ids)


async def test_what_nests_too_deep_is_not_read(world: World) -> None:
    """Whether it is used or not, by whoever, through each door; a little less is no bug either."""
    document = "query($id: ID!) { node(id: $id) { id } }"
    edit = "mutation($input: TaskUpdateInput!) { taskUpdate(input: $input) { errors { code } } }"
    task = await world.task()
    for levels, codes in ((190, []), (250, ["BAD_REQUEST"]), (300, ["BAD_REQUEST"])):
        deep: JSON = {}
        for _ in range(levels):
            deep = {"a": deep}
        for person in (world.member, world.nobody):
            answer = await person.ask(document, {"id": world.eng["id"], **deep})
            assert answer.codes == (codes or ([] if person.token else ["UNAUTHENTICATED"]))
        patch = {"config": [{"key": "deep", "value": deep}]}
        answer = await world.member.ask(
            edit, {"input": {"id": task["id"], "expectedVersion": 1, "patch": patch}}
        )
        assert answer.codes == (codes or ["BAD_USER_INPUT"])
