"""Files that are made to break an import: each ends with a word that says what is wrong with it, or is imported."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.imports.json_items import ItemReader
from app.imports.records import PARENT
from app.imports.surveys import Survey, make_plan
from tests.exchange.test_uploads import sent
from tests.world import World

LINES, TABLE = "application/jsonl", "text/csv"
LONG = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=20_000))
"""Not to be compressed, and longer than an index can hold."""

TIME = "2031-01-01T00:00:00Z"
COMMENT = {"text": "hi", "created_at": TIME}


def _issue(name: str = "a", **more: Any) -> str:
    return json.dumps({"id": name, "title": "T", "status": "open", **more})


def _depending(on: str, **more: Any) -> str:
    return "\n".join([_issue("z"), _issue(dependencies=[{"depends_on_id": on, "type": "blocks", **more}])])


def _archive(repo: Any = "a/b", **more: Any) -> str:
    return json.dumps({"repo": repo, "issues": [{"number": 5, "title": "T", **more}], "pulls": []})


def _nested(levels: int, name: str = "x") -> str:
    return f'{{"id": "a", "title": "T", "{name}": {"[" * levels}{"]" * levels}}}'


IMPORTED = {
    "table, long id": (TABLE, f"id,title\n{LONG},t\n"),
    "table, NUL": (TABLE, "id,title,parent\na\0,t\0,b\0\n"),
    "table, far times": (TABLE, "title,created,closed\nt,9999-12-31T23:59:59-12:00,0001-01-01T00:00:00+10:00\n"),
    "half a pair": (LINES, _depending("\ud800")),
    "NUL": (LINES, _depending("a\0")),
    "half a pair in an entry": (LINES, _depending("nowhere", x="\ud800")),
    "a large number in an entry": (LINES, _depending("nowhere", x=10**30)),
    "half a pair beside a parent": (LINES, _depending("z", type="parent-child", x="\ud800")),
    "depth beside a parent": (LINES, _depending("z", type="parent-child", x=json.loads("[" * 300 + "]" * 300))),
    "long name of a comment": (LINES, _issue(comments=[{"id": LONG, **COMMENT}])),
    "half a pair in a comment's name": (LINES, _issue(comments=[{"id": "\ud800", **COMMENT}])),
    "NUL in a comment's name": (LINES, _issue(comments=[{"id": "a\0", **COMMENT}])),
    "two comments of a name": (LINES, _issue(comments=[{"id": 1, **COMMENT}] * 2)),
    "depth": (LINES, _nested(200)),
    "great depth": (LINES, _nested(940)),
    "great depth in a title": (LINES, _nested(940, "title")),
    "great depth in an entry": (LINES, _nested(940, "dependencies")),
    "a prototype": (LINES, _issue(__proto__=1)),
    "too many people": (LINES, _issue(assignee=[f"p{n}" for n in range(150)])),
    "no finite number": (LINES, '{"id": "a", "title": "T", "x": 1e400, "y": -1e400}'),
    "archive, depth": (LINES, f'{{"issues": [{{"number": 1, "x": {"[" * 930}{"]" * 930}}}], "pulls": []}}'),
    "archive, long name": (LINES, _archive(LONG)),
    "archive, NUL in its name": (LINES, _archive("a\0")),
    "archive, half a pair in its name": (LINES, _archive("\ud800")),
    "archive, long time": (LINES, _archive(createdAt=TIME, comments=[{"body": "x", "createdAt": LONG}])),
    "archive, half a pair for a time": (
        LINES, _archive(createdAt=TIME, comments=[{"body": "x", "createdAt": "\ud800"}])),
}  # fmt: skip
REFUSED: dict[str, tuple[str, str | bytes]] = {
    "a number of 5,000 digits": (LINES, f'{{"id": "a", "title": "T", "x": {"9" * 5000}}}'),
    "archive, a number of 5,000 digits": (LINES, f'{{"issues": [{{"number": {"9" * 5000}}}]}}'),
    "table in UTF-16": (TABLE, "title\nt\n".encode("utf-16")),
    "table in Latin-1": (TABLE, "title\n\xe9\n".encode("latin-1")),
    "table in Latin-1, later": (TABLE, ("title\n" + "t\n" * 40_000 + "\xe9\n").encode("latin-1")),
    "archive in Latin-1": (LINES, '{\n"issues": [\n"\xe9"]}'.encode("latin-1")),
    "packed": (LINES, gzip.compress(_issue().encode())),
    "depth of the whole": (LINES, '{"a":' * 100_000),
    "nothing": (TABLE, ""),
}


UNREAD = {
    "table in UTF-16": (1, "byte 1 of the file is 0xFF"),
    "table in Latin-1": (2, "byte 7 of the file is 0xE9"),
    "table in Latin-1, later": (40_002, "byte 80,007 of the file is 0xE9"),
    "archive in Latin-1": (3, "byte 16 of the file is 0xE9"),
}
"""Where a file shows that it is not UTF-8."""


async def test_whatever_is_in_a_file_is_imported_or_told(world: World) -> None:
    address = f"/imports/projects/{world.ops['id']}"
    for name, (kind, content) in IMPORTED.items():
        for way in ("?dryRun=true", ""):
            status, lines = await sent(world.owner, address + way, content.encode("utf-8"), kind)
            assert (status, lines[-1]["type"]) == (200, "done"), (name, way, lines[-1])
    for name, (kind, unread) in REFUSED.items():
        for way in ("?dryRun=true", ""):
            status, lines = await sent(world.owner, address + way, unread, kind)
            assert (status, lines[-1]["type"], lines[-1]["code"]) == (200, "failed", "MALFORMED"), (name, way)
            if name in UNREAD:
                line, told = UNREAD[name]
                assert lines[-1].get("line") == line or f"line {line}:" in lines[-1]["message"]
                assert told in lines[-1]["message"]
                assert "as UTF-8" in lines[-1]["message"]


async def test_long_names_are_known_again(world: World) -> None:
    """What is kept by a hash is found by it: a second run changes nothing."""
    address = f"/imports/projects/{world.ops['id']}"
    one, two = LONG[:900] + "é" * 90, LONG[:900] + "é" * 91
    content = "\n".join([
        _issue(one, comments=[{"id": LONG, **COMMENT}]),
        _issue(two, dependencies=[{"depends_on_id": one, "type": kind} for kind in ("parent-child", "related")]),
    ])  # fmt: skip
    _, first = await sent(world.owner, address, content, LINES)
    counts = first[-1]["counts"]
    assert (counts["created"], counts["comments"], counts["links"]) == (2, 1, 1), first[-1]
    _, again = await sent(world.owner, address, content, LINES)
    assert (again[-1]["type"], again[-1]["events"]) == ("done", 0), again[-1]


async def test_a_bug_is_told_at_the_end_and_masked(
    world: World, monkeypatch: pytest.MonkeyPatch, logged: list[Any]
) -> None:
    monkeypatch.setattr("schema.imports.door.open_source", lambda path, mapping: 1 / 0)
    _, lines = await sent(world.owner, f"/imports/projects/{world.ops['id']}", _issue(), LINES)
    assert (lines[-1]["type"], lines[-1]["code"]) == ("failed", "INTERNAL_SERVER_ERROR")
    [complaint] = [entry for entry in logged if entry["log_level"] == "error"]
    assert complaint["request_id"] == lines[-1]["requestId"]
    assert "ZeroDivisionError" in complaint["exception"]
    assert "ZeroDivision" not in str(lines)
    logged.remove(complaint)


async def test_notes_are_told_up_to_a_bound(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schema.imports.running.MOST_NOTES", 10)
    content = "\n".join([_issue(), *["junk"] * 2500])
    _, lines = await sent(world.owner, f"/imports/projects/{world.ops['id']}", content, LINES)
    assert sum(line["type"] == "note" for line in lines) == 10
    assert (lines[-1]["counts"]["created"], lines[-1]["furtherNotes"]) == (1, 2491), (
        "2,500 lines, and a time that is not there"
    )


NAMES = st.sampled_from("abcdef")


def _stands_above(task: str, below: str | None, parent_of: dict[str, str]) -> bool:
    while below is not None and below != task:
        below = parent_of.get(below)
    return below is not None


@given(st.lists(st.tuples(NAMES, NAMES), max_size=14))
def test_parents_are_those_that_a_walk_up_finds(listed: list[tuple[str, str]]) -> None:
    survey = Survey(lines=dict.fromkeys("abcdef", 1), parents=listed)
    plan = make_plan(survey, ())
    expected: dict[str, str] = {}
    for child, parent in listed:
        if child not in expected and not _stands_above(child, parent, expected):
            expected[child] = parent
    assert plan.parent_of == expected
    assert plan.cyclic == {
        (child, PARENT, parent)
        for child, parent in listed
        if child != parent and expected.get(child) != parent and _stands_above(child, parent, expected)
    }


def test_a_chain_of_parents_is_planned_in_one_walk() -> None:
    """By steps and not by time: looking up through the chain from each issue would take 5 * 10^9 of them."""
    count = 100_000
    survey = Survey(parents=[(str(n), str(n - 1)) for n in range(1, count)])
    survey.lines = dict.fromkeys(map(str, range(count)), 1)
    assert len(make_plan(survey, ()).parent_of) == count - 1


def test_items_after_a_long_one_are_not_copied_with_it(tmp_path: Path) -> None:
    """The same: each of the small items would copy all that was read for the long one."""
    path = tmp_path / "archive.json"
    small = ["1"] * 100_000
    path.write_text('{"issues": ["' + "x" * (1 << 20) + '",\n' + ",\n".join(small) + "]}")
    items = list(ItemReader(path).items())
    assert len(items) == len(small) + 1
    assert (items[1].line, items[-1].line) == (2, len(small) + 1)


async def test_a_piece_of_a_file_has_a_bound(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole in memory, it takes many times its length: a row of commas, an object of keys."""
    for place in ("tracker", "json_items"):
        monkeypatch.setattr(f"app.imports.{place}.LONGEST_PIECE", 5000)
    monkeypatch.setattr("app.exchange.reading.LONGEST_PIECE", 5000)
    monkeypatch.setattr("app.imports.csv_tables.LONGEST_ROW", 5000)
    monkeypatch.setattr("app.imports.json_items.CHUNK", 1000)
    project, workspace = (
        f"/imports/projects/{world.ops['id']}",
        f"/imports/workspaces/{world.workspace['id']}",
    )
    long = "x" * 20_000
    header = json.dumps({"lockstep": "export", "version": 1, "projects": []})
    for address, kind, content in (
        (project, TABLE, "title" + "," * 6000), (project, TABLE, "title\n" + '"\n",' * 2000),
        (project, LINES, _archive(x=long)), (workspace, LINES, f'{header}\n{{"type": "{long}"}}\n'),
    ):  # fmt: skip
        _, lines = await sent(world.owner, address, content, kind)
        assert (lines[-1]["type"], lines[-1].get("code")) == ("failed", "MALFORMED"), (
            content[:40],
            lines[-1],
        )
    _, lines = await sent(world.owner, project, "\n".join([_issue(), _issue("b", x=long)]), LINES)
    assert [line["line"] for line in lines if line.get("field") == "the whole line"] == [2]
    keys = {f"k{n}": n for n in range(5000)}
    monkeypatch.setattr("app.imports.tracker.LONGEST_PIECE", 1 << 20)
    _, lines = await sent(world.owner, project, _issue("c", **keys), LINES)
    assert (lines[-1]["type"], lines[-1]["counts"]["created"]) == ("done", 1)
    assert sum("without a field" in line.get("why", "") for line in lines) == 2000
