"""What an import did, and what it could not keep as it stood: one note for each thing, with its line and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    """What became of a thing that has no place of its own here."""

    LOST = "not kept"
    MOVED = "kept elsewhere"
    CHANGED = "changed"
    FLAGGED = "kept and flagged"
    IN_CONFLICT = "not updated"


@dataclass(frozen=True)
class Note:
    """One thing: ``line`` is None for what belongs to the whole file."""

    outcome: Outcome
    line: int | None
    external_id: str | None
    field: str
    why: str

    def __str__(self) -> str:
        where = "file" if self.line is None else f"line {self.line}"
        named = f" {self.external_id}" if self.external_id else ""
        return f"{where}{named}: {self.field} {self.outcome.value}: {self.why}"


Hear = Callable[[Note], None]


@dataclass
class Report:
    """Counts of what an import made, changed and found as it was; notes go to ``hear`` as they arise.

    Notes are counted, not kept: a file with a million of them fits too.
    """

    hear: Hear
    counts: Counter[str] = field(default_factory=Counter)
    notes: Counter[Outcome] = field(default_factory=Counter)
    events: int = 0
    units: int = 0

    def note(self, note: Note) -> None:
        self.notes[note.outcome] += 1
        self.hear(note)

    @property
    def changed(self) -> bool:
        """Whether anything was written: a second run of the same file writes nothing."""
        return self.events > 0


def unheard(note: Note) -> None:
    """For later passes over a file, which would say everything again."""
