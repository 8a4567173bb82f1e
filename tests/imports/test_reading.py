"""Reading files: any JSON there is, in any pieces; nothing is dropped without a note."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.imports import json_items
from app.imports.cycles import cyclic_edges
from app.imports.formats import Source, UnknownFormat, open_source
from app.imports.github import GitHub
from app.imports.json_items import ItemReader, MalformedJson
from app.imports.records import Record
from app.imports.reports import Note, Outcome, Report
from app.imports.surveys import Survey, make_plan
from app.imports.tracker import Tracker, link_kind
from app.links.rules import check_kind
from app.tasks.rules import check_config, check_sections, check_title
from tests.imports.sample import ISSUES, depends, issue, write_tracker

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def records_of(source: Source, told: Report) -> list[Record]:
    """What a file has."""
    return [record for record in source.records(told) if record is not None]


def report() -> tuple[Report, list[Note]]:
    notes: list[Note] = []
    return Report(notes.append), notes


@SHARED
@given(
    archive=st.dictionaries(st.text(), JSON_VALUES, max_size=5),
    chunk=st.integers(1, 30), indent=st.sampled_from([None, 0, 2]), ascii=st.booleans(), mark=st.booleans(),
)  # fmt: skip
def test_items_come_whole_whatever_the_pieces(
    tmp_path: Path, archive: dict[str, Any], chunk: int, indent: int | None, ascii: bool, mark: bool
) -> None:
    path = tmp_path / "archive.json"
    text = json.dumps(archive, indent=indent, ensure_ascii=ascii)
    path.write_bytes((b"\xef\xbb\xbf" if mark else b"") + text.encode("utf-8", "surrogatepass"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_items, "CHUNK", chunk)
        items = list(ItemReader(path).items())
    wanted: list[Any] = []
    for key, value in archive.items():
        wanted += (
            [(key, i, one) for i, one in enumerate(value)]
            if isinstance(value, list)
            else [(key, None, value)]
        )
    assert [(item.key, item.place, item.value) for item in items] == wanted
    assert [item.line for item in items] == sorted(item.line for item in items)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("[]", 1),
        ('{"a": [1,\n 2\n', 3),
        ('{"a"\n 1}', 2),
        ('{"a": [\n{"b": }]}', 2),
        ("{\n\xff}", 2),
    ],
)
def test_where_an_archive_stops_making_sense(tmp_path: Path, text: str, line: int) -> None:
    path = tmp_path / "archive.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(MalformedJson) as caught:
        list(ItemReader(path).items())
    assert caught.value.line == line


@SHARED
@given(
    values=st.dictionaries(
        st.sampled_from([*ISSUES[0], "status", "closed_at", "close_reason", "x y", ""]), JSON_VALUES
    )
)
def test_any_object_with_an_id_is_an_issue_that_fits(tmp_path: Path, values: dict[str, Any]) -> None:
    path = write_tracker(tmp_path / "tracker.jsonl", [values | {"id": "lk-1"}])
    told, notes = report()
    (record,) = records_of(Tracker(path), told)
    survey = Survey()
    survey.take(record, told)
    finished = make_plan(survey, ()).finish(record, told)
    assert finished is not None
    assert_fits(finished)
    lost = {note.field for note in notes}
    if isinstance(values.get("title"), str) and record.title != values["title"] and values["title"]:
        assert "title" in lost


def assert_fits(record: Record) -> None:
    assert check_title(record.title) == record.title
    check_sections(record.sections)
    check_config(record.config)
    json.dumps(record.fingerprint())
    for link in record.links:
        check_kind(link.kind)


def test_a_config_too_large_goes_on_in_sections(tmp_path: Path) -> None:
    big = {f"key {n}": ["x" * 900] * 5 for n in range(6)}
    told, notes = report()
    (record,) = records_of(Tracker(write_tracker(tmp_path / "t", [issue("lk-1", **big)])), told)
    survey = Survey()
    survey.take(record, told)
    make_plan(survey, ()).finish(record, told)
    assert_fits(record)
    kept = record.config | {name: json.loads(text) for name, text in record.sections.items()}
    for key, value in big.items():
        assert value in (kept.get(key), kept.get("config_" + key.replace(" ", "_")))
    assert {note.outcome for note in notes} == {Outcome.MOVED}


def test_a_text_too_long_goes_on(tmp_path: Path) -> None:
    text = "".join(chr(97 + n % 26) for n in range(250_000))
    told, notes = report()
    (record,) = records_of(Tracker(write_tracker(tmp_path / "t", [issue("lk-1", description=text)])), told)
    assert (
        "".join(record.sections[name] for name in ("description", "description_2", "description_3")) == text
    )
    assert [note.field for note in notes] == ["description"]


def test_one_id_twice(tmp_path: Path) -> None:
    told, notes = report()
    survey = Survey()
    path = write_tracker(tmp_path / "t", [issue("lk-1"), issue("lk-1", title="Again")])
    records = records_of(Tracker(path), told)
    for record in records:
        survey.take(record, told)
    plan = make_plan(survey, ())
    assert [plan.finish(record, told) for record in records] == [records[0], None]
    assert [(note.line, note.outcome) for note in notes] == [(2, Outcome.LOST)]


@pytest.mark.parametrize(
    ("written", "kind"),
    [("blocks", "blocks"), ("Replies To", "replies-to"), ("parent", "parent-child"), ("2nd", "kind-2nd"),
     (None, "kind"), ("x" * 50, "x" * 40), ("ü", "kind")],
)  # fmt: skip
def test_kinds_of_links(written: Any, kind: str) -> None:
    assert link_kind(written) == kind
    check_kind(kind)


@given(edges=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=25))
def test_cyclic_edges(edges: list[tuple[int, int]]) -> None:
    def reached(start: int) -> set[int]:
        found: set[int] = set()
        waiting = [start]
        while waiting:
            here = waiting.pop()
            fresh = {far for near, far in edges if near == here} - found
            found |= fresh
            waiting += fresh
        return found

    assert cyclic_edges(edges) == {(near, far) for near, far in edges if near == far or near in reached(far)}


def test_a_long_chain_needs_no_stack() -> None:
    chain = [(n, n + 1) for n in range(100_000)]
    assert cyclic_edges(chain) == set()
    assert len(cyclic_edges([*chain, (100_000, 0)])) == 100_001


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("\n\n", "empty"), ('{"at": "2025", "op": "create", "id": "x"}\n', "lockstep replay"), ("# Title\n", "neither"),
        ('{"name": "x"}', "neither issues one a line"), ('{"name": "x"}\n{"name": "y"}\n', "neither issues one a line"),
    ],
)  # fmt: skip
def test_files_that_are_no_tracker(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    with pytest.raises(UnknownFormat, match=told):
        open_source(path)


def test_formats_are_told_by_contents(tmp_path: Path) -> None:
    assert isinstance(open_source(write_tracker(tmp_path / "a.json", [issue("lk-1")])), Tracker)
    (tmp_path / "b.jsonl").write_text('{"labels": [], "pulls": [{"number": 1}]}')
    assert isinstance(open_source(tmp_path / "b.jsonl"), GitHub)


def test_a_dependency_may_be_listed_by_the_other_end(tmp_path: Path) -> None:
    told, _ = report()
    entry = depends("lk-2", "lk-1", "blocks")
    (record,) = records_of(
        Tracker(write_tracker(tmp_path / "t", [issue("lk-1", dependencies=[entry])])), told
    )
    assert [(link.source, link.target) for link in record.links] == [("lk-1", "lk-2")]
