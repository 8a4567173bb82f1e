"""Where kept answers lie: as bytes, in this process, the least recently used leave first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from uuid import UUID

from app.keys import packed

VARIANTS = 4
"""Answers kept to one question: for people in other roles. (Those whose stamp has passed leave with their shelf.)"""

OVERHEAD = 1000
"""Bytes that an answer takes besides its own, about."""


@dataclass(slots=True)
class Kept:
    """One answer. ``spent``: what it cost; ``encoded``: the same compressed, by the encoding's name."""

    content: bytes
    spent: int
    encoded: dict[str, bytes] = field(default_factory=dict)
    shelf: Shelf | None = field(default=None, repr=False)

    def put_encoded(self, encoding: str, content: bytes) -> None:
        """Keep a compressed form too, if the answer is still on its shelf."""
        if self.shelf is not None and encoding not in self.encoded:
            self.encoded[encoding] = content
            self.shelf.grow(len(content))

    @property
    def size(self) -> int:
        """Bytes, about."""
        return OVERHEAD + len(self.content) + sum(map(len, self.encoded.values()))


@dataclass(slots=True)
class Place:
    """The answers to one question, by their stamps. ``projects``: of what the stamps are; ``keys``: those, packed."""

    projects: tuple[UUID, ...]
    answers: OrderedDict[Hashable, Kept] = field(default_factory=OrderedDict)
    keys: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.keys = packed(self.projects)


class Shelf:
    """Answers by question and stamp, as many as there is room for."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0
        self._places: OrderedDict[Hashable, Place] = OrderedDict()

    def look(self, question: Hashable) -> Place | None:
        """The answers kept to a question, whether they are good or not."""
        place = self._places.get(question)
        if place is not None:
            self._places.move_to_end(question)
        return place

    def put(self, question: Hashable, projects: tuple[UUID, ...], stamp: Hashable, kept: Kept) -> None:
        """Keep an answer, unless it is as large as a twentieth of all."""
        if kept.size > self.limit // 20:
            return
        place = self._places.get(question)
        if place is None or place.projects != projects:
            self._remove(question)
            place = self._places[question] = Place(projects)
        before = place.answers.pop(stamp, None)
        if before is not None:
            self._drop(before)
        place.answers[stamp] = kept
        kept.shelf = self
        self.size += kept.size
        while len(place.answers) > VARIANTS:
            self._drop(place.answers.popitem(last=False)[1])
        self._make_room()

    def grow(self, by: int) -> None:
        """An answer here takes so many bytes more."""
        self.size += by
        self._make_room()

    def _make_room(self) -> None:
        while self.size > self.limit and self._places:
            self._remove(next(iter(self._places)))

    def _remove(self, question: Hashable) -> None:
        place = self._places.pop(question, None)
        for kept in place.answers.values() if place is not None else ():
            self._drop(kept)

    def _drop(self, kept: Kept) -> None:
        self.size -= kept.size
        kept.shelf = None
