"""An import from end to end: survey, words and people, issues with their comments, then links.

Each batch is one unit, so a run that is killed leaves whole batches, and the next run goes on where it stopped:
it finds by their refs what is there, and writes nothing for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.audit.actions import AuditAction
from app.events.models import ActorKind
from app.ids import new_id
from app.imports.batches import BATCH_RECORDS, Names, Refs, batches, is_due, keys_of
from app.imports.formats import Source
from app.imports.links import import_links, link_keys, links_due
from app.imports.people import People, bring_people, check_people, read_people
from app.imports.reads import TASK, Key, refs_by_key
from app.imports.records import Record
from app.imports.reports import Note, Outcome, Report, unheard
from app.imports.surveys import Plan, Survey, make_plan
from app.imports.targets import Target
from app.imports.tasks import import_records
from app.imports.words import lacking_words, make_words, read_words, respelled
from app.outcomes import Result
from app.permissions import Permission
from app.projects.actions.opening import open_project
from app.projects.actions.settings import create_project
from app.projects.actions.vocabulary import vocabulary_guard
from app.work import Action, Actor, Store, Work, run_unit

Progress = Callable[[str, int], None]
"""Hears how far a step is: its name, and bytes of the file."""

STEPS = ("survey", "issues", "links")


async def open_project_of(store: Store, target: Target, name: str) -> UUID:
    """The target's project; made if it is not there."""
    if target.project_id is not None:
        return target.project_id
    actor = Actor(target.actor_id, ActorKind.IMPORT)
    made = await run_unit(store, actor, create_project(target.workspace_id, target.key, name))
    return UUID(made.result["project_id"])


async def import_file(
    store: Store, target: Target, project_id: UUID, source: Source, report: Report, progress: Progress
) -> None:
    """Bring everything in a file into a project; raises a refusal if the actor may not."""
    actor = Actor(target.actor_id, ActorKind.IMPORT)
    run = _Run(store, actor, target.workspace_id, project_id, source, report, progress)
    survey, plan = await run.survey()
    names = await run.prepare(survey)
    await run_unit(store, actor, _noted(project_id, source.name))
    await run.issues(plan, names)
    await run.links(plan, names)


async def try_file(store: Store, target: Target, source: Source, report: Report, progress: Progress) -> None:
    """What an import would do, without doing it: counts of new and changed issues, and all notes on the file."""
    survey = Survey()
    source.about(report)
    async for record in _in_turns(source.records(report)):
        survey.take(record, report)
        progress("survey", source.at)
    async with store.database.snapshot(target.actor_id) as reader:
        await check_people(reader, target.actor_id, target.workspace_id, list(survey.people))

    async def refs_of(keys: Sequence[Key]) -> Refs:
        if target.project_id is None or not keys:
            return {}
        # A snapshot for each: one for the whole file would be open as long as it is read.
        async with store.database.snapshot(target.actor_id) as reader:
            return await refs_by_key(reader, target.project_id, source.name, keys)

    known = [name for chunk in _chunks(_tasks(survey.unknown())) for _, name in await refs_of(chunk)]
    plan = await asyncio.to_thread(make_plan, survey, known)
    for batch in batches(_finished(source, plan, report)):
        await asyncio.sleep(0)
        refs = await refs_of(keys_of(batch))
        due = [record for record in batch if is_due(record, refs)]
        new = sum((TASK, record.external_id) not in refs for record in due)
        report.counts.update({"created": new, "updated": len(due) - new, "unchanged": len(batch) - len(due)})
        progress("issues", source.at)


async def _in_turns(records: Iterator[Record | None]) -> AsyncIterator[Record]:
    """A pass over a file takes its turn with whatever else this process does, whether or not it has records."""
    for place, record in enumerate(records):
        if place % 50 == 0:
            await asyncio.sleep(0)
        if record is not None:
            yield record


def _noted(project_id: UUID, source: str) -> Action:
    """The entry in the audit log; before the first batch, for a run that is killed is one all the same."""

    async def action(work: Work) -> Result:
        await open_project(work, project_id, Permission.IMPORT)
        work.audit(AuditAction.IMPORT_RUN, "project", project_id, scope=project_id, source=source)
        return {}

    return action


def _tasks(names: set[str]) -> list[tuple[str, str]]:
    return [(TASK, name) for name in sorted(names)]


def _finished(source: Source, plan: Plan, report: Report) -> Iterator[Record | None]:
    """The records as they will be written; what reading them notes was heard in the survey."""
    for record in source.records(Report(unheard)):
        yield None if record is None else plan.finish(record, report)


@dataclass
class _Run:
    store: Store
    actor: Actor
    workspace_id: UUID
    project_id: UUID
    source: Source
    report: Report
    progress: Progress

    async def _unit(self, action: Action) -> Result:
        outcome = await run_unit(self.store, self.actor, action)
        self.report.events += len(outcome.events)
        self.report.units += 1
        return outcome.result

    async def survey(self) -> tuple[Survey, Plan]:
        survey = Survey()
        self.source.about(self.report)
        async for record in _in_turns(self.source.records(self.report)):
            survey.take(record, self.report)
            self.progress("survey", self.source.at)
        known = []
        unknown = _tasks(survey.unknown())
        for chunk in _chunks(unknown):
            async with self.store.database.snapshot(self.actor.user_id) as reader:
                known += [
                    name for _, name in await refs_by_key(reader, self.project_id, self.source.name, chunk)
                ]
        return survey, await asyncio.to_thread(make_plan, survey, known)

    async def prepare(self, survey: Survey) -> Names:
        """Words and people; those that are missing are made."""
        notes: list[Note] = []
        assert self.actor.user_id is not None
        async with self.store.database.snapshot(self.actor.user_id) as reader:
            await check_people(reader, self.actor.user_id, self.workspace_id, list(survey.people))
            lacking = lacking_words(survey, await read_words(reader, self.project_id), notes)
        if any(lacking):
            colors = self.source.about(self.report).get("colors", {})
            made = await self._unit(_words(self.project_id, survey, colors))
            self.report.counts["words"] += made["words"]
        people: dict[str, UUID] = {}
        reading: set[UUID] = set()
        for chunk in _chunks(list(survey.people)):
            known = await self._people(chunk)
            people |= known.by_name
            reading |= known.reading
            why = (
                "they were taken out of the project since the last import; its tasks are not assigned to them"
            )
            notes += [
                Note(Outcome.IN_CONFLICT, None, None, f"the person {name!r}", why)
                for name in sorted(known.left)
            ]
        async with self.store.database.snapshot(self.actor.user_id) as reader:
            words = await read_words(reader, self.project_id)
        for note in (*notes, *respelled(survey, words)):
            self.report.note(note)
        return Names(words, people, frozenset(reading))

    async def _people(self, names: Sequence[str]) -> People:
        known = await self._known_people(names)
        if known.lacking(names):
            self.report.counts.update(await self._unit(bring_people(self.project_id, names)))
            known = await self._known_people(names)
        return known

    async def _known_people(self, names: Sequence[str]) -> People:
        async with self.store.database.snapshot(self.actor.user_id) as reader:
            return await read_people(reader, self.workspace_id, self.project_id, names)

    async def issues(self, plan: Plan, names: Names) -> None:
        """Tasks and comments, a batch at a time; a batch of which nothing is due opens no unit."""
        for batch in batches(_finished(self.source, plan, self.report)):
            await asyncio.sleep(0)
            if not batch:
                continue
            async with self.store.database.snapshot(self.actor.user_id) as reader:
                refs = await refs_by_key(reader, self.project_id, self.source.name, keys_of(batch))
            due = [record for record in batch if is_due(record, refs)]
            if due:
                notes: list[Note] = []
                # The whole batch goes in: what is due is decided again under the guard.
                action = import_records(self.project_id, self.source.name, batch, plan, names, notes)
                counts = await self._unit(action)
                self.report.counts.update(counts)
                for note in notes:
                    self.report.note(note)
            self.report.counts["unchanged"] += len(batch) - len(due)
            self.progress("issues", self.source.at)

    async def links(self, plan: Plan, names: Names) -> None:
        """Links and remaining parents, once every task is there."""
        finished = _finished(self.source, plan, Report(unheard))
        for batch in batches(record if record and record.links else None for record in finished):
            await asyncio.sleep(0)
            if not batch:
                continue
            async with self.store.database.snapshot(self.actor.user_id) as reader:
                refs = await refs_by_key(reader, self.project_id, self.source.name, link_keys(batch, plan))
            due = [record for record in batch if links_due(record, plan, refs)]
            if due:
                notes: list[Note] = []
                action = import_links(
                    self.project_id, self.workspace_id, self.source.name, due, plan, names, notes
                )
                counts = await self._unit(action)
                self.report.counts.update(counts)
                for note in notes:
                    self.report.note(note)
            self.progress("links", self.source.at)
        self.progress("links", self.source.size)


def _chunks(things: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for at in range(0, len(things), BATCH_RECORDS):
        yield things[at : at + BATCH_RECORDS]


def _words(project_id: UUID, survey: Survey, colors: dict[str, str]) -> Action:
    async def action(work: Work) -> Result:
        await open_project(work, project_id, Permission.IMPORT, vocabulary_guard(project_id, shared=False))
        work.batch_id = new_id()
        return {"words": await make_words(work, project_id, survey, colors)}

    return action
