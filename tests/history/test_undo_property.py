"""Any edits by several people, then an undo: what was before them, or a conflict exactly where others built on it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.config import Settings
from tests.client import JSON, new_key
from tests.conftest import Template
from tests.databases import Databases
from tests.service import Doors, serve
from tests.world import World

EXAMPLES = int(os.environ.get("LOCKSTEP_TEST_EXAMPLES", "3"))
VALUES: dict[str, list[Any]] = {
    "title": ["A task", "B", "C"], "priority": [0, 1, 2], "externalRef": [None, "x", "y"], "estimate": [None, 1.0, 2.0],
}  # fmt: skip
PATCHES = st.dictionaries(st.sampled_from([*VALUES, "label"]), st.integers(0, 2), min_size=1, max_size=3)
EDITS = st.lists(st.tuples(st.sampled_from(["member", "owner", "guest"]), PATCHES), min_size=2, max_size=7)
SHOWN = """query($id: ID!) { node(id: $id) { ... on Task {
  version title priority externalRef estimate labels { id } } } }"""


async def shown(world: World, task: str) -> JSON:
    found: JSON = (await world.owner.query(SHOWN, id=task))["node"]
    return {**found, "labels": sorted(one["id"] for one in found["labels"])}


def patch_of(chosen: dict[str, int], label: str) -> JSON:
    patch: JSON = {name: VALUES[name][place] for name, place in chosen.items() if name != "label"}
    if "label" in chosen:
        patch["removeLabelIds" if chosen["label"] else "addLabelIds"] = [label]
    return patch


def expected(before: JSON, after: JSON, now: JSON) -> JSON | None:
    """What an undo of the change from `before` to `after` leads to; None: a conflict. Fields one by one."""
    wanted = dict(now)
    for name in VALUES:
        if before[name] == after[name]:
            continue
        if now[name] not in (after[name], before[name]):
            return None
        wanted[name] = before[name]
    gained, lost = set(after["labels"]) - set(before["labels"]), set(before["labels"]) - set(after["labels"])
    return {**wanted, "labels": sorted((set(now["labels"]) - gained) | lost)}


@settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True,
    phases=[Phase.explicit, Phase.generate],
)  # fmt: skip
@given(rounds=st.lists(EDITS, min_size=2, max_size=4), data=st.data())
async def test_undo_of_any_edit(
    databases: Databases, template: Template, doors: Doors, make_settings: Callable[..., Settings], quiet: None,
    rounds: list[Any], data: Any,
) -> None:  # fmt: skip
    async with databases.copy_of(template.database) as name, serve(doors, make_settings(name)) as service:
        world = World(service, template.kept)
        label = (await world.label("Urgent"))["id"]
        for edits in rounds:
            task = (await world.task())["id"]
            made: list[tuple[str, str, JSON, JSON]] = []
            now = await shown(world, task)
            for person, chosen in edits:
                before, key = now, new_key()
                await world.person(person).do(
                    "taskUpdate", "", id=task, expectedVersion=before["version"], patch=patch_of(chosen, label),
                    clientMutationId=key,
                )  # fmt: skip
                now = await shown(world, task)
                if now["version"] > before["version"]:
                    made.append((person, key, before, now))
            if not made:
                continue
            person, key, before, after = data.draw(st.sampled_from(made))
            answer = await world.person(person).answer("undo", projectId=world.eng["id"], mutationId=key)
            wanted, found = expected(before, after, now), await shown(world, task)
            assert bool(answer["errors"]) is (wanted is None)
            if wanted is None:
                assert answer["errors"][0]["code"] == "VERSION_CONFLICT"
            left = {one: value for one, value in (wanted or now).items() if one != "version"}
            assert {one: value for one, value in found.items() if one != "version"} == left


WORDS = [
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "\N{GRINNING FACE}",
    "é",
]
CUTS = st.lists(
    st.tuples(st.sampled_from(["member", "owner"]), st.integers(0, 39), st.integers(0, 3), st.sampled_from(WORDS)),
    min_size=2, max_size=6,
)  # fmt: skip
TEXT = "query($id: ID!) { node(id: $id) { ... on Task { version description } } }"


@settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True,
    phases=[Phase.explicit, Phase.generate],
)  # fmt: skip
@given(cuts=CUTS, data=st.data())
async def test_undo_of_any_edit_of_a_long_text(
    databases: Databases, template: Template, doors: Doors, make_settings: Callable[..., Settings], quiet: None,
    cuts: list[tuple[str, int, int, str]], data: Any,
) -> None:  # fmt: skip
    """Lines are changed, taken out and put in by two people; a line that nobody touched since is as it was before."""
    async with databases.copy_of(template.database) as name, serve(doors, make_settings(name)) as service:
        world = World(service, template.kept)
        lines = [
            f"Line {number} of a long description, with {WORDS[number % 12]} in it." for number in range(40)
        ]
        task = (await world.task(description="\n".join(lines)))["id"]
        texts, keys = ["\n".join(lines)], []
        for person, at, gone, word in cuts:
            lines = texts[-1].split("\n")
            lines[at : at + gone] = [f"A line of {len(texts)} with {word}, {word} and {word}."]
            key = new_key()
            await world.person(person).do(
                "taskUpdate", "", id=task, expectedVersion=len(texts), patch={"description": "\n".join(lines)},
                clientMutationId=key,
            )  # fmt: skip
            texts.append("\n".join(lines))
            keys.append((person, key))
        place = data.draw(st.integers(0, len(keys) - 1))
        person, key = keys[place]
        answer = await world.person(person).answer("undo", projectId=world.eng["id"], mutationId=key)
        found = (await world.owner.query(TEXT, id=task))["node"]
        if place == len(keys) - 1:
            assert found["description"] == texts[-2], "nobody has built on the last one"
        if answer["errors"]:
            assert answer["errors"][0]["code"] == "VERSION_CONFLICT"
            assert (found["description"], found["version"]) == (texts[-1], len(texts))
            return
        own = f"A line of {place + 1} with "
        assert own not in found["description"], "what was put in is gone"
        later = [f"A line of {number + 1} with " for number in range(place + 1, len(keys))]
        kept = [line for line in texts[-1].split("\n") if line.startswith(tuple(later))]
        assert [line for line in found["description"].split("\n") if line.startswith(tuple(later))] == kept
        batch = answer["batchId"]
        await world.person(person).do("undo", projectId=world.eng["id"], batchId=batch)
        assert (await world.owner.query(TEXT, id=task))["node"]["description"] == texts[-1], "redone"
