"""Planted leaks are caught by the proof; and most of them show nothing while the second wall stands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from schema.kept.keeper import Keeper
from tests.access import leaks
from tests.access.conftest import Access
from tests.access.test_fields import prove_nothing_hidden
from tests.access.test_mutations import prove_refusals_alike, prove_refused
from tests.access.test_nodes import asking_for, hidden_from, prove_nodes_hidden
from tests.access.test_roots import prove_counts
from tests.access.test_streams import prove_streams_clean
from tests.ledger import Log

Prove = Callable[[Access, str], Awaitable[None]]

CAUGHT: tuple[tuple[leaks.Plant, Prove], ...] = (
    (leaks.a_project_for_anybody, prove_nodes_hidden),
    (leaks.all_projects, prove_nothing_hidden),
    (leaks.all_projects, prove_counts),
    (leaks.a_loader_without_access, prove_nodes_hidden),
    (leaks.a_count_without_access, prove_counts),
    (leaks.an_error_with_a_title, prove_refusals_alike),
    (leaks.an_event_with_a_foreign_title, prove_streams_clean),
    (leaks.a_statement_more_for_what_is_there, prove_nodes_hidden),
)
FOR_OUTSIDERS: tuple[tuple[leaks.Plant, Prove], ...] = (
    (leaks.a_team_for_anybody, prove_nodes_hidden),
    (leaks.anybody_for_anybody, prove_nodes_hidden),
)

_WALLS = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relrowsecurity
"""


@pytest.fixture(autouse=True)
def nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that was kept before a leak was planted would be given instead of it."""

    async def nothing(*_: Any) -> None:
        return None

    monkeypatch.setattr(Keeper, "find", nothing)


async def take_the_wall_down(log: Log) -> None:
    """Row-level security is switched off in this database."""
    for row in await log.connection.fetch(_WALLS):
        await log.connection.execute(f"ALTER TABLE {row['relname']} DISABLE ROW LEVEL SECURITY")


def _named(pairs: tuple[tuple[leaks.Plant, Prove], ...]) -> list[Any]:
    return [pytest.param(*one, id=f"{one[0].__name__}-{one[1].__name__}") for one in pairs]


@pytest.mark.parametrize(
    ("plant", "prove", "person"),
    [pytest.param(*one.values, "member", id=one.id) for one in _named(CAUGHT)]
    + [pytest.param(*one.values, "outsider", id=one.id) for one in _named(FOR_OUTSIDERS)],
)
async def test_a_planted_leak_is_caught(
    access: Access, log: Log, logged: list[Any], monkeypatch: pytest.MonkeyPatch,
    plant: leaks.Plant, prove: Prove, person: str,
) -> None:  # fmt: skip
    """Without the wall, so that it is the proof that finds it: it passes before, and fails with the plant."""
    await take_the_wall_down(log)
    await prove(access, person)
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        await prove(access, person)
    logged.clear()  # a leak may also break an answer


async def test_a_dropped_permission_is_caught(
    access: Access, log: Log, logged: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    await prove_refused(access, log, "ENG")
    leaks.no_permission_asked(monkeypatch)
    with pytest.raises(AssertionError, match="should be PERMISSION_DENIED"):
        await prove_refused(access, log, "ENG")
    logged.clear()


@pytest.mark.parametrize("person", ["member", "guest", "outsider"])
@pytest.mark.parametrize(
    "plant",
    [leaks.a_project_for_anybody, leaks.a_loader_without_access, leaks.a_team_for_anybody],
    ids=lambda plant: plant.__name__,
)
async def test_the_wall_alone_shows_nothing(
    access: Access, logged: list[Any], monkeypatch: pytest.MonkeyPatch, plant: leaks.Plant, person: str
) -> None:
    """With the application's own check gone, no answer has anything of another tenant or project."""
    plant(monkeypatch)
    # A workspace's teams are one for the wall: what guests may know of them is the application's to say.
    hidden = [
        one
        for one in hidden_from(access, person)
        if plant is not leaks.a_team_for_anybody or one.place not in ("WRK", "TEA") or person == "outsider"
    ]
    for things, document, given in asking_for(access, hidden):
        answer = await access.person(person).query(document, **given)
        shown = [thing for thing, one in zip(things, answer.values(), strict=True) if one is not None]
        assert not shown
    access.check()
    logged.clear()


async def test_the_wall_alone_counts_nothing(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every task is counted and every project listed: those that the wall lets through are those that are seen."""
    leaks.a_count_without_access(monkeypatch)
    leaks.all_projects(monkeypatch)
    found = await access.person("member").query("{ projects { id } tasks(first: 1) { totalCount } }")
    monkeypatch.undo()
    plain = await access.person("member").query("{ projects { id } tasks(first: 1) { totalCount } }")
    assert found == plain
    access.check()
