"""Where values stand in the answer: nothing is reckoned until an error has to name its path.

Values are completed many at a time, as flat lists; a place says how such a list maps onto the answer.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Protocol

Path = tuple[str | int, ...]
"""Response names and list indexes, from the outside in."""


class Place(Protocol):
    """The places of a flat list's values."""

    def paths(self, index: int) -> Iterator[Path]:
        """All the places of one value: several where equal objects were built once."""
        ...


class Whole:
    """The answer as a whole: one value."""

    def paths(self, index: int) -> Iterator[Path]:
        yield ()


class Under:
    """The values of one field, one of each object."""

    def __init__(self, objects: Place, name: str) -> None:
        self._objects = objects
        self._name = name

    def paths(self, index: int) -> Iterator[Path]:
        for path in self._objects.paths(index):
            yield *path, self._name


class Items:
    """The items of lists, one list after the other."""

    def __init__(self, lists: Place, lengths: Sequence[int]) -> None:
        self._lists = lists
        self._lengths = lengths
        self._ends: list[int] | None = None

    def paths(self, index: int) -> Iterator[Path]:
        if self._ends is None:
            self._ends = list(accumulate(self._lengths))
        owner = bisect_right(self._ends, index)
        position = index - (self._ends[owner - 1] if owner else 0)
        for path in self._lists.paths(owner):
            yield *path, position


class Chosen:
    """Those of the values that stand at these indexes."""

    def __init__(self, values: Place, indexes: Sequence[int]) -> None:
        self._values = values
        self._indexes = indexes

    def paths(self, index: int) -> Iterator[Path]:
        return self._values.paths(self._indexes[index])


class Shared:
    """Objects that stand in several places and are built once, in the order in which they are met.

    `identities` says which one stands where.
    """

    def __init__(self, values: Place, identities: Sequence[int]) -> None:
        self._values = values
        self._identities = identities
        self._places: list[list[int]] | None = None

    def paths(self, index: int) -> Iterator[Path]:
        if self._places is None:
            met: dict[int, list[int]] = {}
            for place, identity in enumerate(self._identities):
                met.setdefault(identity, []).append(place)
            self._places = list(met.values())
        for place in self._places[index]:
            yield from self._values.paths(place)
