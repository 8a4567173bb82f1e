"""What is asked again is read in one round trip, and is what would be read in several."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from app.collecting import Wanted
from app.foreseeing import MOST_BYTES, Foreseen, Foresight, Later
from tests.world import World

TASK = """query($key: String!, $n: Int!) { task(key: $key) { title status { name } assignees { name }
  comments(first: $n) { totalCount nodes { body author { name } replies(first: 2) { nodes { body } } } } } }"""


async def _asked(world: World, **variables: Any) -> tuple[Any, int]:
    with world.service.statements() as counted:
        answer = await world.member.ask(TASK, variables)
    return answer.data, len([text for text in counted.texts if "BEGIN" not in text])


async def test_what_is_asked_again_is_one_statement(world: World) -> None:
    task = await world.task("One")
    comment = await world.comment(task, "Words")
    await world.comment(task, "Answer", parentId=comment["id"])
    asked = [await _asked(world, key=task["key"], n=5) for _ in range(8)]
    assert all(data == asked[0][0] for data, _ in asked)
    assert asked[0][1] > 3
    assert asked[-1][1] == 1
    _, others = await _asked(world, key=task["key"], n=4)
    assert others > 1, "another question"


async def test_what_has_changed_meanwhile_is_read(world: World) -> None:
    task = await world.task("One")
    for number in range(12):
        if number > 5:
            await world.comment(task, f"Words {number}")
        data, _ = await _asked(world, key=task["key"], n=50)
        assert data["task"]["comments"]["totalCount"] == max(0, number - 5)
        assert len(data["task"]["comments"]["nodes"]) == max(0, number - 5)
    await world.owner.do("projectMemberRemove", projectId=world.eng["id"], userId=world.member.user_id)
    assert (await _asked(world, key=task["key"], n=50))[0] == {"task": None}


def _wanted(*wants: tuple[str, list[Any]]) -> list[Wanted]:
    return [Wanted(None, text, arguments, object) for text, arguments in wants]


def test_only_what_is_wanted_just_so_is_given_and_once() -> None:
    foresight = Foresight([Later("a", [1], None), Later("b", [2], None)])
    first = _wanted(("first", []))
    assert foresight.take(first) is None
    ahead = foresight.ahead(first)
    assert [(one.text, one.arguments) for one in ahead] == [("a", [1]), ("b", [2])]
    foresight.put(ahead, [["row a"], ["row b"]])
    assert foresight.take(_wanted(("a", [2]))) is None
    assert foresight.take(_wanted(("b", [2]))) == [["row b"]]
    assert foresight.take(_wanted(("b", [2]))) is None
    assert not foresight.ahead(first)


@pytest.mark.parametrize(
    "wanted", [[], [Later("a", [b"x" * (MOST_BYTES + 1)], None)], [Later("a", [], None)] * 2]
)
def test_what_may_not_be_foreseen(wanted: list[Later]) -> None:
    foreseen, question = Foreseen(10), ("what", uuid4(), b"{}")
    for _ in range(5):
        foreseen.learn(question, list(wanted))
    assert not foreseen.of(question).ahead(_wanted(("first", [])))


def test_a_question_that_wants_something_else_is_not_foreseen() -> None:
    foreseen, question = Foreseen(10), ("what", uuid4(), b"{}")
    for number, expected in ((1, 0), (1, 1), (1, 1), (2, 0), (2, 1)):
        foreseen.learn(question, [Later("a", [number], None)])
        assert len(foreseen.of(question).ahead(_wanted(("first", [])))) == expected
    for _ in range(10):
        foreseen.learn(("what", uuid4(), b"{}"), [Later("a", [1], None)])
    assert not foreseen.of(question).ahead(_wanted(("first", [])))
