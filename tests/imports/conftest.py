"""Imports into the world's workspace, by the application's own store."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from app.imports.formats import open_source
from app.imports.reports import Note, Outcome, Report, unheard
from app.imports.run import import_file, open_project_of
from app.imports.targets import Target, find_target, looking
from tests.client import Client
from tests.imports.shown import tasks_of
from tests.service import Service
from tests.world import World

JSON = dict[str, Any]


@dataclass
class Done:
    """One run: its report, its notes, and where it went."""

    report: Report
    target: Target
    notes: list[Note] = field(default_factory=list)

    def noted(self, outcome: Outcome) -> list[str]:
        return [f"{note.external_id}: {note.field}" for note in self.notes if note.outcome is outcome]


class Importer:
    """Runs imports as `lockstep import` does, in the test's process."""

    def __init__(self, service: Service, owner: Client) -> None:
        self.service = service
        self.owner = owner

    async def run(self, path: Path, key: str = "LMP", *, email: str | None = None) -> Done:
        store = self.service.application.store
        settings = self.service.application.settings
        async with looking(store.database, settings.database_owner_url, email) as reader:
            target = await find_target(reader, key, workspace="Works", email=email)
        done = Done(Report(unheard), target)
        done.report.hear = done.notes.append
        project_id = await open_project_of(store, target, "Lamps")
        await import_file(store, target, project_id, open_source(path), done.report, lambda step, at: None)
        return done

    async def project(self, key: str = "LMP") -> str:
        """The global id of a project."""
        found: str = (await self.owner.query("query($key: String!) { project(key: $key) { id } }", key=key))[
            "project"
        ]["id"]
        return found

    async def shown(self, key: str = "LMP") -> dict[str, JSON]:
        return await tasks_of(self.owner, await self.project(key))


@pytest.fixture
def importer(service: Service, world: World) -> Importer:
    """Imports into the test's database."""
    return Importer(service, world.owner)


@pytest.fixture
def real() -> Callable[[str], Path]:
    """A file of the real input; without it CI fails, and elsewhere the test is skipped."""
    folder = Path(__file__).resolve().parents[3] / "shared" / "data"

    def find(name: str) -> Path:
        path = folder / name
        if not path.exists():
            told = f"the real input {path} is not there"
            pytest.fail(told) if os.environ.get("CI") else pytest.skip(told)
        return path

    return find
