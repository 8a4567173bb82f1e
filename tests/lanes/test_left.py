"""What a mutation answers of the object that it has just written: the same as a reader finds, without reading it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.client import JSON, mutation_document, new_key
from tests.service import Service
from tests.world import World

KNOWN = """id number title description sections { name text } section(name: "notes") priority estimate dueDate
    closeReason externalRef version createdAt updatedAt completedAt deletedAt"""
READS = ("SELECT t.*", "project_roles_in", "head_event_id FROM scopes")
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)
PATCHES = st.fixed_dictionaries(
    {},
    optional={
        "title": TEXTS.map(lambda text: f"T{text}".strip()), "description": TEXTS,
        "sections": st.lists(
            st.fixed_dictionaries({"name": st.sampled_from(["notes", "a", "steps_long_name"]), "text": TEXTS}),
            max_size=3, unique_by=lambda one: one["name"],
        ),
        "priority": st.integers(0, 4), "estimate": st.sampled_from([None, 0, -0.0, 1, 2.5, 1e-7, 123456.125]),
        "dueDate": st.sampled_from([None, "2030-02-28", "0999-01-01"]), "closeReason": TEXTS, "externalRef": TEXTS,
        "config": st.just([{"key": "n", "value": 1.50}]),
    },
)  # fmt: skip


def document(mutation: str, selection: str) -> str:
    return mutation_document(mutation, selection)


async def written(world: World, mutation: str, selection: str, given: JSON) -> tuple[JSON, Any]:
    """A mutation's payload, and the positions of its answer."""
    answer = await world.member.ask(document(mutation, selection), {"input": given})
    assert not answer.json.get("errors"), answer.json
    assert answer.data[mutation].get("errors", []) == [], given
    return answer.data[mutation], answer.json["extensions"]["positions"]


async def read(world: World, kind: str, selection: str, id: str) -> tuple[JSON, Any]:
    answer = await world.member.ask(
        f"query($id: ID!) {{ node(id: $id) {{ ... on {kind} {{ {selection} }} }} }}", {"id": id}
    )
    return answer.data["node"], answer.json["extensions"]["positions"]


async def test_the_same_as_a_reader_finds(world: World, service: Service) -> None:
    """Every column that is known, after random edits; and the position is that of the edit."""
    task = await world.task()
    version = 1

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(PATCHES)
    def run(patch: JSON) -> None:
        examples.append(patch)

    examples: list[JSON] = []
    run()
    for patch in examples:
        edit = {"id": task["id"], "expectedVersion": version, "patch": patch}
        told, positions = await written(world, "taskUpdate", f"task {{ {KNOWN} }} errors {{ message }}", edit)
        assert not told["errors"], patch
        found, reached = await read(world, "Task", KNOWN, task["id"])
        assert (told["task"], positions) == (found, reached), patch
        version = found["version"]


async def test_a_new_comment_is_not_read(world: World, service: Service) -> None:
    task = await world.task()
    columns = "id body version createdAt updatedAt deletedAt"
    with service.statements() as counted:
        told, positions = await written(
            world, "commentAdd", f"comment {{ {columns} }}", {"taskId": task["id"], "body": "Wörds"}
        )
    assert not [text for text in counted.texts if any(part in text for part in READS)]
    assert (told["comment"], positions) == await read(world, "Comment", columns, told["comment"]["id"])


@pytest.mark.parametrize(
    "field", ["rank", "config", "key", "status { name }", "assignees { id }", "viewerCanUpdate"]
)
async def test_what_is_not_known_is_read(world: World, service: Service, field: str) -> None:
    """Also all beside it: one answer is of one moment."""
    task = await world.task()
    given = {"id": task["id"], "expectedVersion": 1, "patch": {"title": "Edited"}}
    with service.statements() as counted:
        told, positions = await written(world, "taskUpdate", f"task {{ title {field} }}", given)
    assert [text for text in counted.texts if READS[1] in text]
    assert (told["task"], positions) == await read(world, "Task", f"title {field}", task["id"])


async def test_several_in_one_operation(world: World, service: Service) -> None:
    """One that has to be read, between two that have not."""
    tasks = [await world.task(f"Task {number}") for number in range(3)]
    edits = {
        f"i{n}": {"id": task["id"], "expectedVersion": 1, "patch": {"title": f"Edited {n}"}}
        for n, task in enumerate(tasks)
    }
    fields = " ".join(
        f"e{n}: taskUpdate(input: $i{n}) {{ task {{ title {more} }} positions {{ seq }} }}"
        for n, more in enumerate(("", "key", ""))
    )
    declared = ", ".join(f"$i{n}: TaskUpdateInput!" for n in range(3))
    answer = await world.member.ask(f"mutation({declared}) {{ {fields} }}", edits)
    assert [answer.data[f"e{n}"]["task"]["title"] for n in range(3)] == [f"Edited {n}" for n in range(3)]
    last = answer.data["e2"]["positions"][0]["seq"]
    assert [one["seq"] for one in answer.json["extensions"]["positions"]] == [last]


async def test_what_was_done_before_is_read(world: World, service: Service) -> None:
    """A retry says what is there now; an edit that changes nothing compared nothing."""
    task = await world.task()
    edit = {
        "id": task["id"],
        "expectedVersion": 1,
        "patch": {"title": "Edited"},
        "clientMutationId": new_key(),
    }
    first, _ = await written(world, "taskUpdate", "task { title version }", edit)
    await world.owner.do("taskUpdate", id=task["id"], expectedVersion=2, patch={"title": "Edited again"})
    again, _ = await written(world, "taskUpdate", "task { title version }", edit)
    assert (first["task"]["title"], again["task"]["title"]) == ("Edited", "Edited again")
    nothing = {"id": task["id"], "expectedVersion": 3, "patch": {"title": "Edited again"}}
    with service.statements() as counted:
        told, _ = await written(world, "taskUpdate", "task { title version }", nothing)
    assert told["task"] == {"title": "Edited again", "version": 3}
    assert [text for text in counted.texts if READS[1] in text]
