"""How many sockets and streams each person and address has open in this process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from app.errors import ClientError

_MESSAGES: Final = {
    "sockets": "At most {most} sockets at once: close some.",
    "streams": "At most {most} subscriptions over plain HTTP at once: end some, or use a socket.",
    "files": "At most {most} exports or imports at once: wait until one is done.",
    "subscriptions": "At most {most} subscriptions at once: end some.",
}


Place = tuple[str, str]
"""What is open, and whose it is."""


@dataclass(frozen=True, slots=True)
class Presence:
    """Counts of what is open, by what it is and whose."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def take(self, what: str, whose: str, most: int) -> Place:
        """One more until it is given back. Raises a ``ClientError`` of code LIMIT_REACHED if there are `most`."""
        place = (what, whose)
        if self.counts[place] >= most:
            raise ClientError("LIMIT_REACHED", _MESSAGES[what].format(most=most), limit=most)
        self.counts[place] += 1
        return place

    def give_back(self, place: Place) -> None:
        """One less."""
        self.counts[place] -= 1
        if not self.counts[place]:
            del self.counts[place]

    @contextmanager
    def held(self, what: str, whose: str, most: int) -> Iterator[None]:
        """One more while the block runs."""
        place = self.take(what, whose, most)
        try:
            yield
        finally:
            self.give_back(place)
