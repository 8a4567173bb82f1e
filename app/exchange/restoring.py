"""Importing an export: projects as they were, with their words, tasks, comments and links, a batch in each unit.

Everything has its id from the file, or one that follows from it, so a second run finds what is there and adds the rest.
Who may see what is not imported: whoever imports administers the projects, and people are placeholders or members.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from app.audit.actions import AuditAction
from app.exchange.copies import Copies, derived_id
from app.exchange.lines import LISTED, WORK, Line
from app.exchange.reading import Contents, lines_of, survey
from app.exchange.writing import INSERTERS, ORDER, Batch, known_state, write_links
from app.ids import new_id
from app.imports.batches import import_guard
from app.imports.people import bring_people, check_people, read_people
from app.imports.reports import Note, Outcome, Report
from app.outcomes import Result
from app.permissions import Permission
from app.projects.access import access_projects
from app.projects.actions.opening import open_project
from app.projects.actions.settings import Past, archive_imported, create_project
from app.projects.actions.vocabulary import vocabulary_guard
from app.projects.models import ConflictPolicy, ProjectRole, ProjectVisibility
from app.statements import sql
from app.work import Action, Actor, Store, Work, run_unit

BATCH = 500
Progress = Callable[[str, int], None]
"""Hears how many lines a step has done."""


@dataclass
class Restoration:
    """One import of one file into one workspace. ``keys``: other keys for projects, by the file's."""

    store: Store
    actor: Actor
    workspace_id: UUID
    path: Path
    report: Report
    keys: dict[str, str] = field(default_factory=dict)
    progress: Progress = lambda step, done: None

    async def run(self) -> list[UUID]:
        """Import; the ids of the projects here. Raises a refusal, or ``NoExport`` before anything is written."""
        contents = await asyncio.to_thread(survey, self.path)
        tell_unknown(contents, self.report)
        await self.check(contents)
        projects = {old: await self._project(old, state) for old, state in contents.projects.items()}
        copies: dict[UUID, Copies] = {}
        for old, here in projects.items():
            await self._unit(_noted(here))
            people = await self._people(here, contents.people, contents.joining[old])
            copies[old] = Copies(None if here == old else self.workspace_id, people)
        for step in ORDER:
            async for old, lines in self._batches(step):
                await self._write(step, projects[old], copies[old], lines)
        await self._links(projects, copies)
        for old, here in projects.items():
            await self._archive(here, contents.projects[old])
        return list(projects.values())

    async def check(self, contents: Contents) -> None:
        """Raise the refusal of people whom the importer may not add."""
        assert self.actor.user_id is not None
        names = list(dict.fromkeys(contents.people.values()))
        async with self.store.database.snapshot(self.actor.user_id) as reader:
            await check_people(reader, self.actor.user_id, self.workspace_id, names)

    async def _unit(self, action: Action) -> Result:
        outcome = await run_unit(self.store, self.actor, action)
        self.report.events += len(outcome.events)
        self.report.units += 1
        return outcome.result

    async def _project(self, old: UUID, state: dict[str, Any]) -> UUID:
        """The project here, made if it is not there yet."""
        assert self.actor.user_id is not None
        derived = derived_id(old, self.workspace_id)
        async with self.store.database.snapshot(self.actor.user_id) as reader:
            seen = await access_projects(reader, self.actor.user_id, [old, derived])
            taken = bool(await reader.rows(_TAKEN, ids=[old]))
        for one in (old, derived):
            if one in seen and seen[one].workspace_id == self.workspace_id:
                return one
        made = await self._unit(
            create_project(
                self.workspace_id, self.keys.get(state["key"], state["key"]), state["name"],
                description=state["description"], client_id=derived if taken else old, words=False,
                visibility=ProjectVisibility(state["visibility"]), workspace_role=ProjectRole(state["workspace_role"]),
                past=Past(
                    _version_made(state), datetime.fromisoformat(state["created_at"]),
                    datetime.fromisoformat(state["updated_at"]), ConflictPolicy(state["conflict_policy"]),
                ),
            )
        )  # fmt: skip
        here = UUID(made["project_id"])
        self.report.counts["projects"] += 1
        return here

    async def _archive(self, here: UUID, state: dict[str, Any]) -> None:
        """Archive what was archived, now that all of it is here, unless it was changed here since it was made."""
        assert self.actor.user_id is not None
        if not state.get("archived_at"):
            return
        async with self.store.database.snapshot(self.actor.user_id) as reader:
            project = (await access_projects(reader, self.actor.user_id, [here])).get(here)
        if project is not None and project.archived_at is None and project.version == _version_made(state):
            times = (datetime.fromisoformat(state[name]) for name in ("archived_at", "updated_at"))
            await self._unit(archive_imported(here, *times))

    async def _people(
        self, project_id: UUID, people: dict[UUID, str], joining: set[UUID]
    ) -> dict[UUID, UUID]:
        """Whom the people of the file are here: members by name and address, or placeholders. Some join."""
        names = list(dict.fromkeys(people.values()))
        join = frozenset(name for one, name in people.items() if one in joining)
        by_name: dict[str, UUID] = {}
        for start in range(0, len(names), BATCH):
            some = names[start : start + BATCH]
            self.report.counts.update(await self._unit(bring_people(project_id, some, join)))
            async with self.store.database.snapshot(self.actor.user_id) as reader:
                by_name |= (await read_people(reader, self.workspace_id, project_id, some)).by_name
        return {one: by_name[name] for one, name in people.items() if name in by_name}

    async def _batches(self, step: str) -> AsyncIterator[tuple[UUID, list[tuple[int, Line]]]]:
        waiting: dict[UUID, list[tuple[int, Line]]] = {}
        for number, line in lines_of(self.path):
            self.progress(step, number)
            if number % 100 == 0:
                await asyncio.sleep(0)  # a pass over the file takes its turn with whatever else there is
            if line["type"] != step:
                continue
            old = UUID(line["project"])
            lines = waiting.setdefault(old, [])
            lines.append((number, line))
            if len(lines) >= BATCH:
                yield old, waiting.pop(old)
        for left in waiting.items():
            yield left

    async def _write(self, step: str, here: UUID, copies: Copies, lines: Sequence[tuple[int, Line]]) -> None:
        for number, line in lines:
            for person in copies.lost(line["state"]):
                why = "they are in no line of the file"
                self.report.note(Note(Outcome.LOST, number, line["id"], f"the person {person}", why))
        batch = Batch(here, [copies.state(known_state(step, line["state"])) for _, line in lines])
        made = await self._unit(_restored(step, batch))
        self.report.counts["created"] += made["created"] if step == "task" else 0
        self.report.counts["comments"] += made["created"] if step == "comment" else 0
        self.report.counts["words"] += made["created"] if step not in WORK else 0
        lost = set(made.get("elsewhere", ()))
        self.report.counts["unchanged"] += len(lines) - made["created"] - len(lost)
        for (number, line), state in zip(lines, batch.states, strict=True):
            if state["id"] in lost:
                why = "something else has its id, or its task is not here"
                self.report.note(Note(Outcome.LOST, number, line["id"], f"the {step}", why))
        for _, old, new in made.get("renumbered", ()):
            why = f"another task here has the number {old}; it has {new}"
            self.report.note(Note(Outcome.CHANGED, None, None, "number", why))

    async def _links(self, projects: dict[UUID, UUID], copies: dict[UUID, Copies]) -> None:
        """A link between projects stands in the file once for each end, and is put together again."""
        halves: dict[str, dict[str, Any]] = {}
        ready: list[dict[str, Any]] = []
        for number, line in lines_of(self.path):
            if number % 100 == 0:
                await asyncio.sleep(0)
            if line["type"] != "link":
                continue
            state = copies[UUID(line["project"])].state(line["state"])
            half = halves.pop(state["id"], None)
            whole = state if half is None else {**half, **{name: one for name, one in state.items() if one}}
            if whole["source_task_id"] and whole["target_task_id"]:
                ready.append(whole)
            else:
                halves[whole["id"]] = whole
            if len(ready) >= BATCH:
                await self._write_links(list(projects.values()), ready)
                ready = []
        if ready:
            await self._write_links(list(projects.values()), ready)
        for one in halves.values():
            why = "one of its ends is in a project that the file does not have"
            self.report.note(Note(Outcome.LOST, None, one["id"], f"the link {one['kind']}", why))

    async def _write_links(self, projects: list[UUID], states: list[dict[str, Any]]) -> None:
        made = await self._unit(write_links(projects, states))
        self.report.counts["links"] += made["created"]
        for one in made["elsewhere"]:
            why = "an end of it is not here"
            self.report.note(Note(Outcome.LOST, None, one, "the link", why))
        for one in made["flagged"]:
            self.report.note(Note(Outcome.FLAGGED, None, one, "the link", "it closes a cycle of blocks"))


def _version_made(state: dict[str, Any]) -> int:
    """The version that a project is made at: of an archived one the version before, in which it is written to."""
    return max(1, int(state["version"]) - bool(state.get("archived_at")))


def tell_unknown(contents: Contents, report: Report) -> None:
    """Note what of a file is not imported."""
    known = {"project", "person", "event", "end", *ORDER, *WORK}
    for name, count in contents.counts.items():
        if name not in known:
            why = "access is not imported" if name in LISTED else "this Lockstep does not import these"
            report.note(Note(Outcome.LOST, None, None, f"{count} lines of {name}", why))


def try_restoration(path: Path, report: Report) -> Contents:
    """What is in the file, and what of it would not be imported; writes nothing. Raises ``NoExport``."""
    contents = survey(path)
    tell_unknown(contents, report)
    for name, count in contents.counts.items():
        counted = {"task": "created", "comment": "comments", "link": "links", "project": "projects"}
        if name in counted or name in ORDER:
            report.counts[counted.get(name, "words")] += count
    return contents


def _noted(project_id: UUID) -> Action:
    async def action(work: Work) -> Result:
        await open_project(work, project_id, Permission.IMPORT)
        work.audit(AuditAction.IMPORT_RUN, "project", project_id, scope=project_id, source="lockstep")
        return {}

    return action


def _restored(step: str, batch: Batch) -> Action:
    async def action(work: Work) -> Result:
        guards = [import_guard(batch.project_id), vocabulary_guard(batch.project_id, shared=step in WORK)]
        await open_project(work, batch.project_id, Permission.IMPORT, *guards)
        work.batch_id = new_id()
        return await INSERTERS[step](work, batch)

    return action


_TAKEN = sql("SELECT ids_in_use($1)", "ids")
