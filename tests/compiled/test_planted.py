"""The comparison of the paths sees what it is for: faults planted in the compiled path, one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from schema.compiled import arguments, leaves, positions, runs, selections
from schema.compiled.places import Items, Under
from schema.scalars import DATE_TIME
from tests.compiled.test_oddities import Odd

EVERYTHING = [
    "{ tree { children { name shout later } leaves { maybe moment color } rows } }",
    "{ tree { named { __typename name } children { repeat(times: 2) } } }",
    "{ tree { leaves { name mustRaised } } }",
]

Plant = Callable[[pytest.MonkeyPatch], None]


def _as_isoformat(patch: pytest.MonkeyPatch) -> None:
    """Moments on a full second are written shorter."""
    patch.setitem(leaves._DECLARED, DATE_TIME.serialize, lambda values, found: values)


def _without_errors(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(runs.Run, "errors", lambda run: [])


def _doubled_errors(patch: pytest.MonkeyPatch) -> None:
    told = runs.Run.errors
    patch.setattr(runs.Run, "errors", lambda run: told(run) * 2)


def _without_names(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Under, "paths", lambda place, index: place._objects.paths(index))


def _off_by_one(patch: pytest.MonkeyPatch) -> None:
    def paths(place: Items, index: int) -> Iterator[Any]:
        for path in place._lists.paths(0):
            yield *path, index + 1

    patch.setattr(Items, "paths", paths)


def _nullable(patch: pytest.MonkeyPatch) -> None:
    """Null may stand everywhere."""
    made = positions.Position.__init__

    def make(position: Any, shape: Any, nullable: bool, name: str, nodes: Any) -> None:
        made(position, shape, True, name, nodes)

    patch.setattr(positions.Position, "__init__", make)


def _unchecked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(positions.Objects, "_wrong", lambda objects, run, values: {})


def _without_arguments(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(arguments.Arguments, "given", lambda arguments, executor: {})
    patch.setattr(arguments.Arguments, "of", lambda arguments, executor: {})


class _Everything(frozenset[type]):
    def issuperset(self, other: Any) -> bool:
        return True


def _unseen(patch: pytest.MonkeyPatch) -> None:
    """Values of any type go into the answer as they are."""
    made = selections.Quick.__init__
    patch.setattr(
        selections.Quick, "__init__", lambda quick, source, kinds: made(quick, source, _Everything())
    )


def _another_order(patch: pytest.MonkeyPatch) -> None:
    made = selections.Selection.__init__
    patch.setattr(selections.Selection, "__init__", lambda selection, columns: made(selection, columns[::-1]))


@pytest.mark.parametrize(
    "plant",
    [
        _as_isoformat, _without_errors, _doubled_errors, _without_names, _off_by_one, _nullable, _unchecked,
        _without_arguments, _unseen, _another_order,
    ],
)  # fmt: skip
async def test_a_planted_difference_is_seen(monkeypatch: pytest.MonkeyPatch, plant: Plant) -> None:
    with capture_logs():
        for document in EVERYTHING:
            compared = await Odd().compare(None, document)
            assert compared is not None
            assert compared.difference() is None
        plant(monkeypatch)
        found = []
        for document in EVERYTHING:
            compared = await Odd().compare(None, document)
            assert compared is not None
            found.append(compared.difference())
    assert any(found)
