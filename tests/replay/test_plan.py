"""From a history to steps: whole, in order, stale enough, and the same for the same seed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from lockstep.replay.history import Edit, ReplayError, named_in, read_history
from lockstep.replay.plan import Plan, Words, make_plan
from lockstep.replay.schedule import Schedule
from tests.replay.histories import made_up, write


def history(tmp_path: Path, lines: int = 400) -> list[Edit]:
    return read_history(write(made_up(lines), tmp_path / "history.jsonl"))


def words(edits: list[Edit]) -> Words:
    def ids(names: list[str]) -> dict[str, str]:
        return {name: f"id of {name}" for name in names}

    named = named_in(edits)
    return Words(ids(named.statuses), ids(named.types), ids(named.labels), ids(named.people), frozenset())


def plan_of(edits: list[Edit], clients: int = 6, seed: int = 1) -> Plan:
    return make_plan(edits, words(edits), clients, seed)


def test_every_line_is_sent_or_left_out_for_a_reason(tmp_path: Path) -> None:
    edits = history(tmp_path)
    plan = plan_of(edits)
    assert {step.line for step in plan.steps} | {line for line, _ in plan.left_out} == set(
        range(1, len(edits) + 1)
    )
    assert {step.part for step in plan.steps} == {"create", "edit", "link", "unlink", "comment", "uncomment"}
    assert plan_of(edits).steps == plan.steps
    assert plan_of(edits, seed=2).steps != plan.steps


def test_a_good_part_of_the_edits_is_stale(tmp_path: Path) -> None:
    plan = plan_of(history(tmp_path))
    sent = [step for step in plan.steps if step.part in {"create", "edit"}]
    stale = [step for step in sent if step.behind]
    assert len(stale) / len(sent) >= 0.25
    assert not any(step.part == "create" for step in stale)
    assert {step.policy for step in stale} == {"MERGE", "REJECT"}


def test_edits_of_an_issue_go_to_different_clients(tmp_path: Path) -> None:
    last: dict[str, int] = {}
    plan = plan_of(history(tmp_path))
    for step in plan.steps:
        assert step.client != last.get(step.issue)
        last[step.issue] = step.client


def test_a_text_edited_in_two_places_is_sent_as_two_edits(tmp_path: Path) -> None:
    plan = plan_of(history(tmp_path))
    halves = Counter((step.line, *step.texts) for step in plan.steps if step.texts)
    assert max(halves.values()) == 2


async def test_a_schedule_sends_every_step_after_those_it_builds_on(tmp_path: Path) -> None:
    plan = plan_of(history(tmp_path), clients=3)
    schedule = Schedule(plan.steps, 3)
    answered: set[int] = set()
    places: list[int] = []
    while not schedule.finished.is_set():
        for client in range(3):
            if schedule.ready(client):
                step = await schedule.take(client)
                assert step.client == client
                assert set(step.after) <= answered
                schedule.answer(step, step.index)
                answered.add(step.index)
                places.append(step.index)
    assert sorted(places) == list(range(len(plan.steps)))
    await schedule.reached(1.0)


@pytest.mark.parametrize(
    "text", ["", "{}\n", "[1]\n", '{"op": "melt", "id": "a", "fields": {}}\n', "no json\n"]
)
def test_a_file_that_is_no_history_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text(text)
    with pytest.raises(ReplayError, match=r"history\.jsonl"):
        read_history(path)
    with pytest.raises(ReplayError, match="cannot read"):
        read_history(tmp_path / "missing.jsonl")
