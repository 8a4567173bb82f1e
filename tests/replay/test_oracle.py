"""The oracle finds nothing in a right replay, and every fault that is planted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lockstep.replay.oracle.comparing import differences, expected_differences
from lockstep.replay.oracle.records import Entry
from tests.replay.evidence import FIRST, Paper, an_hour


@pytest.fixture
def paper() -> Paper:
    return an_hour()


def test_a_right_replay_has_no_findings(paper: Paper) -> None:
    verdict = paper.judge()
    assert verdict.findings == []
    assert (verdict.applied, verdict.merged, verdict.merged_texts, verdict.conflicts) == (8, 2, 1, 2)
    final = verdict.tasks["task-a"]
    assert final["title"], final["priority"] == ("renamed", 1)
    assert final["sections"] == {"description": "one 2 three four 5 six"}
    assert final["version"] == 6


def test_a_lost_edit_is_found(paper: Paper) -> None:
    lost = paper.log.pop()
    paper.log += [replace(lost, mutation_id=None)]
    assert {"loss", "unexplained"} <= paper.kinds()


def test_a_lost_edit_is_found_without_a_gap(paper: Paper) -> None:
    del paper.log[-1]
    assert "loss" in paper.kinds()


def test_a_gap_is_found(paper: Paper) -> None:
    paper.spoil(-1, seq=paper.log[-1].seq + 1)
    assert "gap" in paper.kinds()


def test_an_edit_that_took_effect_twice_is_found(paper: Paper) -> None:
    paper.log.append(replace(paper.log[-1], seq=FIRST + len(paper.log)))
    assert "double" in paper.kinds()


def test_one_seq_twice_is_found(paper: Paper) -> None:
    paper.log.append(paper.log[-1])
    assert "double" in paper.kinds()


def test_an_event_of_nobody_is_found(paper: Paper) -> None:
    paper.log.append(Entry(FIRST + len(paper.log), "TaskUpdated", "task-a", 7, "not-ours", "2031", {}))
    assert paper.kinds() == {"unexplained"}


@pytest.mark.parametrize(
    "description",
    [
        "one two three four 5 six",
        "one 2 three four five six",
        "one 2 2 three four 5 six",
        "one 2 three four 5 six 7",
    ],
)
def test_a_wrong_merge_is_found(paper: Paper, description: str) -> None:
    place = next(at for at, entry in enumerate(paper.log) if entry.version == 5)
    after = {**(paper.log[place].after or {}), "sections": {"description": description}}
    paper.spoil(place, after=after)
    assert "overwritten" in paper.kinds()


def test_a_silent_overwrite_is_found() -> None:
    paper = Paper()
    paper.create("a")
    paper.edit("a", base=1, priority=1)
    paper.edit("a", base=1, priority=3, result={"priority": 3})
    assert "overwritten" in paper.kinds()


def test_a_stale_edit_that_reject_let_through_is_found() -> None:
    paper = Paper()
    paper.create("a")
    paper.edit("a", base=1, priority=1)
    paper.edit("a", base=1, policy="REJECT", title="renamed")
    assert paper.kinds() == {"overwritten"}


@pytest.mark.parametrize("field", ["title", "priority", "statusId", "assigneeIds", "config"])
def test_another_state_than_was_sent_is_found(paper: Paper, field: str) -> None:
    paper.spoil(0, after={**(paper.log[0].after or {}), field: "other"})
    assert "difference" in paper.kinds()


def test_a_copy_that_was_wrong_when_its_client_looked_is_found(paper: Paper) -> None:
    edit = next(one for one in paper.sent if one.part == "edit")
    edit.base = {**(edit.base or {}), "title": "other"}
    assert paper.kinds() == {"difference"}


def test_an_acknowledgement_of_another_place_is_found(paper: Paper) -> None:
    paper.sent[0].seq += 1
    assert paper.kinds() == {"difference"}


def test_an_edit_that_changed_nothing_needs_no_event() -> None:
    paper = Paper()
    paper.create("a")
    edit = paper.edit("a", base=1, priority=2)
    del paper.log[-1]
    assert paper.judge().findings == []
    edit.values = {"priority": 4}
    paper.history[-1]["fields"] = {"priority": 4}
    assert paper.kinds() == {"loss"}


@pytest.mark.parametrize(
    ("clashes", "current"), [([], 5), (["title"], 2), (["priority"], 99), (["dueDate"], 5)]
)
def test_a_conflict_without_cause_is_found(paper: Paper, clashes: list[str], current: int) -> None:
    conflict = next(one for one in paper.sent if one.answer == "VersionConflict")
    conflict.clashes, conflict.current_version = clashes, current
    assert paper.kinds() == {"refusal"}


def test_a_cycle_that_is_none_is_found(paper: Paper) -> None:
    paper.sent[-1].ends = ("task-a", "blocks", "task-b")
    assert paper.kinds() == {"refusal"}


def test_a_cycle_that_went_through_is_found(paper: Paper) -> None:
    paper.link("b", "a")
    assert paper.kinds() == {"difference"}


@pytest.mark.parametrize("answer", ["KeyReused", "PermissionDenied", "BAD_USER_INPUT", ""])
def test_a_refusal_that_should_not_be_is_found(paper: Paper, answer: str) -> None:
    paper.sent[-1].answer = answer
    assert paper.kinds() == {"refusal"}


def test_a_line_that_was_never_sent_is_found(paper: Paper) -> None:
    paper.history.append({"id": "a", "fields": {"priority": 4}})
    assert paper.kinds() == {"loss"}


def test_other_values_than_the_file_has_are_found(paper: Paper) -> None:
    paper.history[2]["fields"] = {"priority": 0}
    assert paper.kinds() == {"difference"}


@pytest.mark.parametrize(
    "fields",
    [
        {"priority": 1, "labels": []},
        {"priority": 1, "labels": ["ui"], "assignee": "dev-1"},
        {"priority": 1, "labels": ["ui"], "notes": "never sent"},
        {"priority": 1, "labels": ["ui"], "comments": [{"author": "dev-1", "text": "never sent"}]},
        {"priority": 1, "labels": ["ui"], "dependencies": [{"depends_on_id": "b", "type": "blocks"}]},
        {"priority": 1, "labels": ["ui"], "title": "never sent"},
    ],
)
def test_what_the_file_has_and_nobody_sent_is_found(fields: dict[str, Any]) -> None:
    paper = Paper()
    paper.create("a")
    paper.create("b")
    paper.edit("a", base=1, priority=1, labels=["ui"])
    assert paper.judge().findings == []
    paper.history[-1]["fields"] = fields
    assert paper.kinds() <= {"loss", "difference"}
    assert len(paper.judge().findings) == 1


def test_words_that_the_file_does_not_have_are_found(paper: Paper) -> None:
    paper.history[4]["fields"] = {"description": "one II three four five six"}
    assert paper.kinds() == {"difference"}


def test_boards_are_compared_field_by_field(paper: Paper) -> None:
    verdict = paper.judge()
    tasks = {key: {**task, "rank": key, "number": place} for place, (key, task) in
             enumerate(verdict.tasks.items(), 1)}  # fmt: skip
    board = {"task": tasks, "link": dict(verdict.links), "comment": {}}
    assert expected_differences(verdict, board) == []
    assert differences("copy", board, board) == []
    spoiled = {**board, "task": {**tasks, "task-a": {**tasks["task-a"], "title": "other"}}}
    assert len(differences("copy", board, spoiled)) == 1
    assert len(expected_differences(verdict, spoiled)) == 1
    assert len(differences("copy", board, {**board, "link": {}})) == 1
    assert expected_differences(verdict, {**board, "link": {}}) != []
    assert expected_differences(verdict, {**board, "comment": {"c": {"body": "extra"}}}) != []
    same_rank = {**board, "task": {key: {**task, "rank": "m"} for key, task in tasks.items()}}
    assert [found.text for found in expected_differences(verdict, same_rank)] == ["two tasks have one rank"]
