"""Rows of few and lasting things, such as people and labels, kept by where the log stood that tells of their changes.

A process keeps all rows of a *place* (a workspace's people, a project's labels) with a *stamp*: what was read, in the
same snapshot, of where the place's log stood. They are good for whoever reads the same stamp in their own snapshot.
"""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import lru_cache, partial
from typing import Any
from uuid import UUID

from app.collecting import Found

MOST = 2000
"""Rows of one place; of a larger one none are kept."""
MET = 2
"""How often a stamp must have been met before: what is asked for once is not kept."""


class KeptRow(Found):
    """A row that is kept. ``place``: its number in the order of all; ``built``: what was made of it, by whom."""

    __slots__ = ()


class Listing:
    """All rows of a place, in their order."""

    __slots__ = ("by_bytes", "by_id", "rows")

    def __init__(self, rows: Sequence[Any]) -> None:
        self.rows = rows
        self.by_id: dict[UUID, Any] = {row.id: row for row in rows}
        self.by_bytes: dict[bytes, Any] = {row.id.bytes: row for row in rows}

    def of(self, ids: Sequence[UUID | None]) -> list[Any] | None:
        """The rows of these ids, None where one is None; None instead of all if one of them is not here."""
        found = [self.by_id.get(one) for one in ids]  # type: ignore[arg-type]  # None is nobody's id
        if None in found and any(row is None is not one for row, one in zip(found, ids, strict=True)):
            return None
        return found


class _Place:
    __slots__ = ("listing", "met", "stamp")

    def __init__(self, stamp: Hashable) -> None:
        self.stamp = stamp
        self.met = 0
        self.listing: Listing | None = None


class KeptRows:
    """Those of a process, ``limit`` rows at most; the places least recently asked for leave first."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0
        self._places: OrderedDict[Hashable, _Place] = OrderedDict()

    def find(self, where: Hashable, stamp: Hashable) -> Listing | None:
        """The rows of a place, if they are kept and good."""
        place = self._places.get(where)
        return place.listing if place is not None and place.stamp == stamp else None

    def wanted(self, where: Hashable, stamp: Hashable) -> bool:
        """Whether to read all of a place, to `put` it here: it was asked for often enough."""
        if not self.limit:
            return False
        place = self._places.get(where)
        if place is None or place.stamp != stamp:
            self._remove(where)
            place = self._places[where] = _Place(stamp)
        self._places.move_to_end(where)
        place.met += 1
        while len(self._places) > self.limit:
            self._remove(next(iter(self._places)))
        return place.met == MET + 1

    def put(self, where: Hashable, stamp: Hashable, names: tuple[str, ...], rows: Sequence[Any]) -> None:
        """Keep rows that were read in a snapshot with this stamp; these are their columns."""
        place = self._places.get(where)
        if place is None or place.stamp != stamp or place.listing is not None or len(rows) > MOST:
            return
        place.listing = Listing(kept_rows(names, rows))
        self.size += len(rows)
        while self.size > self.limit and self._places:
            self._remove(next(iter(self._places)))

    def _remove(self, where: Hashable) -> None:
        place = self._places.pop(where, None)
        if place is not None and place.listing is not None:
            self.size -= len(place.listing.rows)


def kept_rows(names: tuple[str, ...], rows: Iterable[Sequence[Any]]) -> list[Any]:
    """Rows as they are kept."""
    return [_maker(type(row).model, names)((place, {}, *row)) for place, row in enumerate(rows)]  # type: ignore[attr-defined]


@lru_cache(maxsize=100)
def _maker(model: type, names: tuple[str, ...]) -> Callable[[Sequence[Any]], Any]:
    record: Any = namedtuple("record", ("place", "built", *names))  # type: ignore[misc]  # noqa: PYI024 (made at run time)
    made = type("Kept", (KeptRow, record), {"__slots__": (), "model": model})
    return partial(tuple.__new__, made)
