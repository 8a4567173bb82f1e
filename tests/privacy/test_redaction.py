"""Taking words out of history: they are nowhere any more, and the log is still whole."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from app.config import Settings
from app.errors import Refusal
from app.privacy.redaction import REDACTED, without_text
from lockstep import privacy_commands
from lockstep.embedded import Servers, ServersError
from tests.audit.trail import trail
from tests.client import JSON
from tests.databases import named
from tests.folding import Scope
from tests.invariants import verify_events
from tests.ledger import Log
from tests.privacy.test_erasure import everywhere
from tests.service import Service
from tests.world import World, uuids

WORD = "zebulon"
DESCRIPTION = [{"name": "description", "text": f"First {WORD}."}, {"name": "notes", "text": "Plain."}]


async def redact(service: Service, identifier: str, *fields: str) -> str:
    """`lockstep redact`, as the owner."""
    return await privacy_commands.redact(service.settings, identifier, fields, "They asked.")


async def edited(world: World) -> JSON:
    """A task whose title and description held the word, then not, then again."""
    task = await world.task(f"About {WORD}", sections=DESCRIPTION)
    for version, text in enumerate((f"First {WORD}, then more.", "Nothing.", f"Again {WORD}."), 1):
        await world.member.do(
            "taskUpdate", id=task["id"], expectedVersion=version,
            patch={"sections": [{"name": "description", "text": text}]},
        )  # fmt: skip
    await world.member.do("taskUpdate", id=task["id"], expectedVersion=4, patch={"title": f"Now {WORD}"})
    await world.member.do("taskUpdate", id=task["id"], expectedVersion=5, patch={"priority": 2})
    return task


async def test_the_words_are_gone_and_the_rest_is_there(world: World, service: Service, log: Log) -> None:
    task = await edited(world)
    before = await log.events(object_id=uuids(task["id"])[0])
    async with verify_events(world.owner, Scope("project", world.eng["id"])) as verified:
        await redact(service, task["id"], "sections.description", "title")
    assert verified.kinds == ["TaskRedacted"]
    assert await everywhere(log, WORD) == {}
    after = await log.events(object_id=uuids(task["id"])[0])
    chain = ("scope_id", "seq", "id", "kind", "object_version", "actor_id", "occurred_at", "recorded_at")
    assert [[one[name] for name in chain] for one in after[:-1]] == [
        [one[name] for name in chain] for one in before
    ]
    await log.check_order()
    document = (
        "query($id: ID!) { node(id: $id) { ... on Task { title priority version sections { name text } } } }"
    )
    found = (await world.owner.query(document, id=task["id"]))["node"]
    assert (found["title"], found["priority"], found["version"]) == (REDACTED, 2, 7)
    assert {one["name"]: one["text"] for one in found["sections"]} == {
        "description": REDACTED, "notes": "Plain."
    }  # fmt: skip


async def test_the_whole_history_folds_to_what_is_there(world: World, service: Service) -> None:
    """From the project's first event on, through the rewritten ones."""
    cursor = (await world.position())["cursor"]
    task = await edited(world)
    await redact(service, task["id"], "sections.description", "title")
    frames = await world.owner.query(
        "query($s: ID!, $c: String!) { events(scope: $s, after: $c) { events { kind changes { __typename } } } }",
        s=world.eng["scope"], c=cursor,
    )  # fmt: skip
    assert [one["kind"] for one in frames["events"]["events"]] == [
        "TaskCreated", *["TaskUpdated"] * 5, "TaskRedacted"
    ]  # fmt: skip


async def test_an_edit_of_an_older_version_meets_a_conflict_without_the_words(
    world: World, service: Service
) -> None:
    task = await edited(world)
    await redact(service, task["id"], "sections.description")
    error = await world.member.refused(
        "taskUpdate", id=task["id"], expectedVersion=2,
        patch={"sections": [{"name": "description", "text": "Mine."}]},
    )  # fmt: skip
    assert error["code"] == "VERSION_CONFLICT"
    assert WORD not in str(error)
    done = await world.member.do(
        "taskUpdate", id=task["id"], expectedVersion=7, patch={"title": "On it goes"}
    )
    assert done["task"]["title"] == "On it goes"


async def test_values_of_custom_fields(world: World, service: Service, log: Log) -> None:
    """In both projects that the task was in: a text says that it was redacted, an address is gone."""
    fields = [await world.custom_field(name, kind) for name, kind in (("Customer", "TEXT"), ("Page", "URL"))]
    for name, kind in (("customer", "TEXT"), ("page", "URL")):
        await world.custom_field(name, kind, world.ops)
    values = [{"text": f"Mr {WORD}"}, {"url": f"https://{WORD}.example"}]
    given = [{"fieldId": field["id"], "value": value} for field, value in zip(fields, values, strict=True)]
    task = await world.task(fields=given)
    again = [{"fieldId": fields[0]["id"], "value": {"text": f"Mrs {WORD}"}}, {"fieldId": fields[1]["id"]}]
    await world.member.do("taskUpdate", id=task["id"], expectedVersion=1, patch={"fields": again})
    await world.member.do("taskUpdate", id=task["id"], expectedVersion=2, patch={"fields": given})
    await world.member.do("taskTransfer", id=task["id"], expectedVersion=3, projectId=world.ops["id"])
    async with verify_events(world.owner, Scope("project", world.ops["id"])) as verified:
        await redact(service, task["id"], "fields.Customer", "fields.page")
    assert verified.kinds == ["TaskRedacted"]
    assert await everywhere(log, WORD) == {}
    shown = "query($id: ID!) { node(id: $id) { ... on Task { fields { field { name } text url } } } }"
    found = {
        one["field"]["name"]: one
        for one in (await world.member.query(shown, id=task["id"]))["node"]["fields"]
    }
    assert found["customer"]["text"] == REDACTED
    assert found.get("page", {}).get("url") is None
    await log.check_order()
    with pytest.raises((ServersError, Refusal)):
        await redact(service, task["id"], "fields.Nothing")


async def test_a_comment(world: World, service: Service, log: Log) -> None:
    task = await world.task()
    comment = await world.comment(task, f"Oh {WORD}")
    await world.member.do("commentUpdate", id=comment["id"], expectedVersion=1, body=f"Oh {WORD}!")
    async with verify_events(world.owner, Scope("project", world.eng["id"])) as verified:
        await redact(service, comment["id"], "body")
    assert verified.kinds == ["CommentRedacted"]
    assert await everywhere(log, WORD) == {}


async def test_a_deleted_comment_comes_back_without_them(world: World, service: Service, log: Log) -> None:
    task = await world.task()
    comment = await world.comment(task, f"Oh {WORD}")
    await world.member.do("commentDelete", id=comment["id"], expectedVersion=1)
    await redact(service, comment["id"], "body")
    assert await everywhere(log, WORD) == {}
    payload = await world.member.answer("commentRestore", id=comment["id"], expectedVersion=3)
    assert WORD not in str(payload)


async def test_a_task_that_moved_is_redacted_where_it_was_too(
    world: World, service: Service, log: Log
) -> None:
    task = await edited(world)
    await world.owner.do("taskTransfer", id=task["id"], expectedVersion=6, projectId=world.ops["id"])
    await redact(service, task["id"], "sections.description", "title")
    assert await everywhere(log, WORD) == {}


async def test_it_is_audited_with_its_reason(world: World, service: Service, log: Log) -> None:
    task = await edited(world)
    await redact(service, task["id"], "title")
    (entry,) = await trail(log, action="history.redacted")
    assert entry["target_id"] == uuids(task["id"])[0]
    assert entry["workspace_id"] == uuids(world.workspace["id"])[0]
    assert (entry["actor_kind"], entry["data"]) == ("system", {"fields": ["title"], "reason": "They asked."})


async def test_a_follower_gets_the_new_state(world: World, service: Service) -> None:
    task = await edited(world)
    async with world.member.follow(world.eng["scope"]) as stream:
        await redact(service, task["id"], "title")
        while not stream.events:
            await stream.frame()
    assert [one["kind"] for one in stream.events] == ["TaskRedacted"]


@pytest.mark.parametrize(
    ("fields", "says"), [(["labels"], "has no text labels"), (["sections.x", "nope"], "has no text nope")]
)
async def test_what_is_no_text_is_refused(
    world: World, service: Service, log: Log, fields: list[str], says: str
) -> None:
    task = await world.task()
    before = await log.fingerprint()
    with pytest.raises(ServersError, match=says):
        await redact(service, task["id"], *fields)
    with pytest.raises(ServersError, match="neither a task nor a comment"):
        await redact(service, world.eng["id"], "title")
    assert await log.fingerprint() == before


@pytest.fixture
async def role(servers: Servers, world: World, database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(named(servers.database_url, database))
    yield connection
    await connection.close()


async def test_the_service_itself_cannot(role: asyncpg.Connection, world: World, service: Service) -> None:
    for statement in ("UPDATE events SET payload = '{}'", "DELETE FROM events"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await role.execute(statement)
    task = await world.task()
    weak: Settings = service.settings.model_copy(update={"database_owner_url": service.settings.database_url})
    with pytest.raises((ServersError, Refusal)):
        await privacy_commands.redact(weak, task["id"], ["title"], "")


@pytest.mark.parametrize(
    ("payload", "after"),
    [
        ({}, {}),
        ({"state": {"title": "x", "n": 1}}, {"state": {"title": REDACTED, "n": 1}}),
        ({"state": {"title": "", "n": 1}}, {"state": {"title": "", "n": 1}}),
        ({"state": {"sections": {"a": "x", "b": "y"}}}, {"state": {"sections": {"a": REDACTED, "b": "y"}}}),
        ({"delta": {"text": {"sections.a": {"edits": []}}}}, {"delta": {}}),
        (
            {"delta": {"set": {"title": {"old": "x", "new": None}, "n": {"old": 1, "new": 2}}}},
            {"delta": {"set": {"title": {"old": REDACTED, "new": None}, "n": {"old": 1, "new": 2}}}},
        ),
    ],
)
def test_every_form_of_payload(payload: Any, after: Any) -> None:
    assert without_text(payload, ["title", "sections.a"]) == after
