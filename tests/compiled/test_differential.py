"""Compiled and ordinary answers are equal, for random operations and every role.

The suite draws a few; `LOCKSTEP_TEST_EXAMPLES=20000 .venv/bin/python -m pytest tests/compiled/test_differential.py`
draws as many as one has time for, other ones each time.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.config import Settings
from schema import schema
from tests.compiled.operations import Operation, operations
from tests.compiled.paths import Paths
from tests.compiled.population import ROLES, Pool, populate
from tests.conftest import Template
from tests.databases import Databases
from tests.service import Doors, serve
from tests.world import World

EXAMPLES = int(os.environ.get("LOCKSTEP_TEST_EXAMPLES", "0"))
SCHEMA = schema._schema
POOL: list[Pool] = []


@dataclass
class Stage:
    """Both paths, and whose tokens to try them with."""

    paths: Paths
    tokens: dict[str, str | None]


@pytest.fixture(scope="module")
async def stage(
    databases: Databases, template: Template, doors: Doors, make_settings: Callable[..., Settings]
) -> AsyncIterator[Stage]:
    async with databases.copy_of(template.database) as name, serve(doors, make_settings(name)) as service:
        world = World(service, template.kept)
        POOL.append(await populate(world))
        tokens = {role: None if role == "nobody" else world.person(role).token for role in ROLES}
        yield Stage(Paths(service.application), tokens)


drawn = st.deferred(lambda: operations(SCHEMA, POOL[-1]))


# The ordinary path cancels fields before it has begun to await them.
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@settings(
    max_examples=EXAMPLES or 120, deadline=None, suppress_health_check=list(HealthCheck), derandomize=not EXAMPLES,
    database=None, phases=[Phase.generate, Phase.shrink] if EXAMPLES else [Phase.generate],
)  # fmt: skip
@given(operation=drawn, role=st.sampled_from(ROLES))
async def test_both_paths_answer_the_same(stage: Stage, operation: Operation, role: str) -> None:
    compared = await stage.paths.compare(stage.tokens[role], operation.text, operation.variables)
    if compared is not None:
        difference = compared.difference()
        assert difference is None, f"{role}\n{operation.text}\n{operation.variables}\n{difference}"
