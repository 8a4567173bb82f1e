"""Queries by GET have tags: who has an answer is told that it is still good, and is not sent it again."""

from __future__ import annotations

import hashlib

import orjson

from tests.kept.conftest import Processes, get, outcomes
from tests.kept.test_kept import BOARD, TASK


def parameters(document: str, id_: str, *, by_hash: bool = False) -> dict[str, str]:
    given = {"variables": orjson.dumps({"id": id_}).decode()}
    if not by_hash:
        return {"query": document, **given}
    digest = hashlib.sha256(document.encode()).hexdigest()
    persisted = {"persistedQuery": {"version": 1, "sha256Hash": digest}}
    return {"extensions": orjson.dumps(persisted).decode(), **given}


async def test_a_good_copy_is_not_sent_again(processes: Processes) -> None:
    """By any process, kept answers or not, in one statement."""
    world = processes.one
    await world.task("One")
    first = await get(world.member, parameters(BOARD, world.eng["id"]))
    assert first.headers["cache-control"] == "private, no-cache"
    assert "Authorization" in first.headers["vary"]
    tag = first.headers["etag"]
    for process in processes.all:
        await get(process.member, parameters(BOARD, world.eng["id"]))  # the connection's types are known then
        with process.service.statements() as statements:
            again = await get(process.member, parameters(BOARD, world.eng["id"]), **{"If-None-Match": tag})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert len(statements) == 1, str(statements)
        assert again.headers["cache-control"] == "private, no-cache"
        assert "ratelimit" in again.headers
    await world.task("Two")
    changed = await get(processes.other.member, parameters(BOARD, world.eng["id"]), **{"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag
    assert b"Two" in changed.content


async def test_by_hash(processes: Processes) -> None:
    world = processes.one
    whole = await get(world.member, parameters(BOARD, world.eng["id"]))
    assert whole.status_code == 200
    digest = hashlib.sha256(BOARD.encode()).hexdigest()
    known = {"persistedQuery": {"version": 1, "sha256Hash": digest}}
    asked = {**parameters(BOARD, world.eng["id"]), "extensions": orjson.dumps(known).decode()}
    await get(world.member, asked)
    named = await get(world.member, parameters(BOARD, world.eng["id"], by_hash=True))
    assert named.headers["etag"] == whole.headers["etag"]
    again = await get(
        world.member,
        parameters(BOARD, world.eng["id"], by_hash=True),
        **{"If-None-Match": named.headers["etag"]},
    )
    assert again.status_code == 304


async def test_a_tag_is_one_persons_for_one_question(processes: Processes) -> None:
    world = processes.one
    task = await world.task("One")
    tag = (await get(world.member, parameters(BOARD, world.eng["id"]))).headers["etag"]
    known = {"If-None-Match": tag}
    assert (await get(world.viewer, parameters(BOARD, world.eng["id"]), **known)).status_code == 200
    assert (await get(world.member, parameters(TASK, task["id"]), **known)).status_code == 200
    assert (await get(world.member, parameters(BOARD, world.ops["id"]), **known)).status_code == 200
    outsiders = await get(world.outsider, parameters(BOARD, world.eng["id"]), **known)
    assert orjson.loads(outsiders.content)["data"] == {"node": None}
    assert "etag" not in outsiders.headers


async def test_a_role_that_was_taken_away_counts(processes: Processes) -> None:
    world = processes.one
    tag = (await get(world.guest, parameters(BOARD, world.eng["id"]))).headers["etag"]
    await world.owner.do("projectMemberRemove", projectId=world.eng["id"], userId=world.guest.user_id)
    answer = await get(processes.other.guest, parameters(BOARD, world.eng["id"]), **{"If-None-Match": tag})
    assert (answer.status_code, orjson.loads(answer.content)["data"]) == (200, {"node": None})


async def test_what_is_not_kept_has_no_tag(processes: Processes) -> None:
    world = processes.one
    answer = await get(world.member, {"query": "{ viewer { email } }"})
    assert "etag" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
    broken = await get(world.member, parameters(BOARD, world.eng["id"]), **{"If-None-Match": '"nonsense", *'})
    assert broken.status_code == 200


async def test_a_mutation_is_still_none_for_get(processes: Processes) -> None:
    before = outcomes("unknown")
    answer = await get(
        processes.one.member, {"query": "mutation { taskDelete(input: {}) { errors { code } } }"}
    )
    assert answer.status_code in (400, 405)
    assert outcomes("unknown") == before
