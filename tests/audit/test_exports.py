"""Downloads: the audit log as CSV and JSON Lines, and what is held about oneself."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from app.audit import exports
from app.config import Settings
from app.paging import pages_by_parent
from app.privacy.holdings import APART, holdings
from app.tables import METADATA
from schema.exports.forms import safe_cell
from tests.audit.trail import trail
from tests.client import Client
from tests.conftest import Template
from tests.ledger import Log
from tests.service import Doors, serve
from tests.world import World, uuids

PATIENCE_SECONDS = 120


async def fetch(by: Client, path: str, **parameters: Any) -> httpx.Response:
    """A download, as its answer came."""
    headers = {} if by.token is None else {"Authorization": f"Bearer {by.token}"}
    async with httpx.AsyncClient(base_url=by.url, timeout=PATIENCE_SECONDS, verify=False) as http:
        return await http.get(path, headers=headers, params=parameters)


def audit_path(world: World, form: str) -> str:
    return f"/exports/audit/{world.workspace['id']}.{form}"


async def test_both_forms_hold_the_whole_log(world: World, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "PAGE", 3)
    workspace = uuids(world.workspace["id"])[0]
    kept = await trail(log, workspace_id=workspace)
    answer = await fetch(world.owner, audit_path(world, "jsonl"))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/jsonl; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="audit-{workspace}.jsonl"'
    lines = [json.loads(line) for line in answer.text.splitlines()]
    # The export's own entry was written before the first row was read.
    assert [one["action"] for one in reversed(lines)] == [*(one["action"] for one in kept), "audit.exported"]
    answer = await fetch(world.owner, audit_path(world, "csv"))
    assert answer.headers["content-type"].startswith("text/csv; charset=utf-8")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["id"] for row in rows[1:]] == [one["id"] for one in lines]
    assert [row["actorName"] for row in rows[:1]] == ["Owner"]
    assert json.loads(rows[-1]["data"]) == lines[-1]["data"]


async def test_an_export_is_audited_with_what_was_asked(world: World, log: Log) -> None:
    await fetch(world.admin, audit_path(world, "csv"), action="project.*", since="2020-01-01T00:00:00Z")
    (entry,) = await trail(log, action="audit.exported")
    assert entry["actor_id"] == world.uuid("admin")
    assert entry["data"] == {
        "form": "csv",
        "filter": {"actions": ["project.*"], "since": "2020-01-01T00:00:00.000000+00:00"},
    }


async def test_filters_hold_for_exports(world: World) -> None:
    answer = await fetch(world.owner, audit_path(world, "jsonl"), action=["project.created"])
    assert {json.loads(line)["action"] for line in answer.text.splitlines()} == {"project.created"}
    for wrong in ({"action": "no.such"}, {"actor": "x"}, {"since": "yesterday"}, {"colour": "red"}):
        answer = await fetch(world.owner, audit_path(world, "jsonl"), **wrong)
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (
            400,
            "BAD_USER_INPUT",
        )


async def test_only_admins_take_it_away(world: World, log: Log) -> None:
    before = await log.fingerprint()
    for person in ("manager", "member", "viewer", "guest", "colleague"):
        answer = await fetch(world.person(person), audit_path(world, "csv"))
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (
            403,
            "PERMISSION_DENIED",
        )
    hidden = await fetch(world.outsider, audit_path(world, "csv"))
    missing = await fetch(
        world.outsider, f"/exports/audit/{'V29ya3NwYWNlOjAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw'}.csv"
    )
    assert hidden.status_code == missing.status_code == 404
    assert hidden.content == missing.content
    nobody = await fetch(world.nobody, audit_path(world, "csv"))
    assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, "Bearer")
    assert (await fetch(world.owner, audit_path(world, "xlsx"))).status_code == 404
    assert await log.fingerprint() == before


async def test_access_that_ends_on_the_way_ends_the_stream(
    world: World, monkeypatch: pytest.MonkeyPatch, logged: list[Any]
) -> None:
    monkeypatch.setattr(exports, "PAGE", 2)
    headers = {"Authorization": f"Bearer {world.admin.token}"}
    asked = 0
    real = pages_by_parent

    async def demoted(*args: Any, **options: Any) -> Any:
        nonlocal asked
        asked += 1
        found = await real(*args, **options)
        if asked == 1:
            await world.owner.do(
                "workspaceMemberUpdate", workspaceId=world.workspace["id"], userId=world.admin.user_id,
                role="MEMBER",
            )  # fmt: skip
        return found

    monkeypatch.setattr(exports, "pages_by_parent", demoted)
    async with httpx.AsyncClient(base_url=world.admin.url, timeout=PATIENCE_SECONDS, verify=False) as http:
        with pytest.raises(httpx.RemoteProtocolError):
            await http.get(audit_path(world, "jsonl"), headers=headers)
    assert asked == 1
    logged[:] = [entry for entry in logged if entry["log_level"] != "error"]


async def test_exports_are_charged(
    doors: Doors, database: str, make_settings: Callable[..., Settings], template: Template, logged: list[Any]
) -> None:
    """As operations are: of the same buckets, told in the same headers, refused with the same status."""
    async with serve(doors, make_settings(database, writes_per_minute=2)) as service:
        world = World(service, template.kept)
        for left in ("1", "0"):
            answer = await fetch(world.owner, "/exports/me.json")
            assert answer.status_code == 200
            assert f'"writes";r={left};' in answer.headers["RateLimit"]
        answer = await fetch(world.owner, audit_path(world, "csv"))
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (429, "RATE_LIMITED")
        assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "'\t=1"), ("＝1", "'＝1"),
        ("plain", "plain"), ("a=b", "a=b"), (None, ""), ({"a": 1}, '{"a":1}'), (["=1"], '["=1"]'), (7, "7"),
    ],
)  # fmt: skip
def test_a_spreadsheet_runs_no_cell(text: Any, cell: str) -> None:
    assert safe_cell(text) == cell


async def test_a_client_cannot_plant_a_formula(world: World) -> None:
    async with httpx.AsyncClient(base_url=world.owner.url, timeout=PATIENCE_SECONDS, verify=False) as http:
        headers = {"Authorization": f"Bearer {world.owner.token}", "User-Agent": '=HYPERLINK("http://x","y")'}
        await http.get(audit_path(world, "csv"), headers=headers)
    answer = await fetch(world.owner, audit_path(world, "csv"))
    agents = {row["userAgent"] for row in csv.DictReader(io.StringIO(answer.text))}
    assert '\'=HYPERLINK("http://x","y")' in agents
    assert not [agent for agent in agents if agent.startswith("=")]


async def test_what_is_held_about_oneself(world: World, log: Log) -> None:
    task = await world.task("Mine", by="member", assigneeIds=[world.member.user_id])
    comment = await world.comment(task, "My words", by="member")
    await world.comment(task, "Someone else's words", by="manager")
    answer = await fetch(world.member, "/exports/me.json")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == 'attachment; filename="lockstep-personal-data.json"'
    data = answer.json()
    assert data["person"]["email"] == "member@lockstep.example"
    assert data["comments"][0]["id"] == str(uuids(comment["id"])[0])
    assert [one["body"] for one in data["comments"]] == ["My words"]
    assert [one["title"] for one in data["tasks"]] == ["Mine"]
    assert len(data["sign_ins"]) == 1
    assert {one["role"] for one in data["workspace_members"]} == {"member"}
    assert {one["kind"] for one in data["events"]} >= {"TaskCreated", "CommentAdded"}
    assert {one["actor_id"] for one in data["events"]} == {str(world.uuid("member"))}
    assert "account.data_exported" in {one["action"] for one in data["audit_entries"]}
    assert "manager@lockstep.example" not in answer.text
    assert "Someone else's words" not in answer.text
    (entry,) = await trail(log, action="account.data_exported")
    assert entry["actor_id"] == world.uuid("member")
    assert (await fetch(world.nobody, "/exports/me.json")).status_code == 401


def test_every_table_of_people_is_in_it_or_said_to_be_apart() -> None:
    """Told by columns of the usual names, and by foreign keys: neither may miss what the other finds."""
    exported = {one.table: set(one.owners) for one in holdings()}
    usual = re.compile(r"(user|actor|author|creator|owner|assignee|viewer|person)_id|[a-z]+ed_by")
    for name, table in METADATA.tables.items():
        named = {column.name for column in table.c if usual.fullmatch(column.name)} - {"caused_by"}
        if named and name not in APART:
            assert named <= exported.get(name, set()), name


def test_no_secret_is_exported() -> None:
    for one in holdings():
        assert not [name for name in one.columns if "hash" in name or "secret" in name or name == "token"]
