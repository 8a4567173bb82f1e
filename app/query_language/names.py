"""The names that a query may use: words of projects, people and tasks, as far as the viewer sees them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any
from uuid import UUID


@dataclass(frozen=True)
class Word:
    """Something that has a name (a project: its key). ``place``: the project it is of, or is; None for people."""

    id: UUID
    name: str
    place: UUID | None = None


class Words:
    """Things of one kind by name, letter case aside."""

    def __init__(self, words: Iterable[Word] = (), unnamed: Iterable[Word] = ()) -> None:
        """``unnamed``: those that are known by id alone."""
        self.by_id: dict[UUID, Word] = {word.id: word for word in unnamed}
        self._unnamed = frozenset(self.by_id)
        self._by_name: dict[str, list[Word]] = defaultdict(list)
        for word in words:
            if word.id not in self.by_id:
                self.by_id[word.id] = word
                self._by_name[word.name.casefold()].append(word)

    def called(self, name: str) -> list[Word]:
        """Those of a name."""
        return self._by_name.get(name.casefold(), [])

    def ambiguous(self, name: str) -> bool:
        """Whether there are two of a name in one place: which is meant cannot be known."""
        found = self.called(name)
        return len({word.place for word in found}) < len(found)

    def within(self, place: UUID | None) -> Words:
        """Those of one project, or of none (None: all)."""
        if place is None:
            return self
        inside = [word for word in self.by_id.values() if word.place in (None, place)]
        return Words(
            (word for word in inside if word.id not in self._unnamed),
            (word for word in inside if word.id in self._unnamed),
        )

    def names(self) -> list[str]:
        """Each name once, in order."""
        return sorted({words[0].name for words in self._by_name.values()}, key=str.casefold)


@dataclass
class Names:
    """All that a query may name. ``tasks``: keys in upper case → ids."""

    statuses: Words = field(default_factory=Words)
    labels: Words = field(default_factory=Words)
    types: Words = field(default_factory=Words)
    sprints: Words = field(default_factory=Words)
    milestones: Words = field(default_factory=Words)
    projects: Words = field(default_factory=Words)
    people: Words = field(default_factory=Words)
    custom: Words = field(default_factory=Words)
    tasks: dict[str, UUID] = field(default_factory=dict)

    def words(self, kind: str) -> Words:
        """Those of a kind; ``options:<a custom field's id>`` are its options."""
        if kind.startswith("options:"):
            known: Any = self.custom.by_id.get(UUID(kind.removeprefix("options:")))
            return Words(known.options if known else ())
        found: Words = getattr(self, kind)
        return found

    def within(self, place: UUID | None) -> Names:
        """What a query of one project may name (None: of all of them)."""
        words = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "tasks"}
        return Names(**{name: found.within(place) for name, found in words.items()}, tasks=self.tasks)
