"""What is asked again is read in one round trip: the statements that it wanted last time go with its first ones.

Which rows a statement gives follows from its text, its arguments and the snapshot. So what was sent before anybody
wanted it is given to whoever wants exactly that in the same snapshot, and to nobody else: a wrong guess costs
PostgreSQL a statement, and changes no answer.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from app.collecting import Wanted

MOST_STATEMENTS = 12
MOST_BYTES = 16_384
"""Of the texts and keys among a question's arguments."""
SAME_BEFORE = 1
"""How often in a row a question must have wanted the same before it is foreseen."""


Question = tuple[Any, UUID, bytes]
"""What is asked, by whom (so that no answer's time tells anybody what others asked for), with which variables."""


class Later(NamedTuple):
    """A statement that was wanted when the first rows were there."""

    text: str
    arguments: list[Any]
    record_class: Any


class Foresight:
    """Of one execution: what it will want, as it seems, and what it has wanted."""

    __slots__ = ("_expected", "_rows", "later")

    def __init__(self, expected: Sequence[Later] = ()) -> None:
        self._expected = expected
        self._rows: dict[str, tuple[list[Any], Any]] | None = None
        """What was sent ahead by text: its arguments, and its rows. None: nothing was sent yet."""
        self.later: list[Later] = []
        """What was wanted after the first time."""

    def take(self, wants: Sequence[Wanted]) -> list[Any] | None:
        """The rows of each, if all of them are here."""
        rows = self._rows
        if rows is None:
            return None
        self.later += [Later(want.text, want.arguments, want.record_class) for want in wants]
        found = []
        for want in wants:
            there = rows.pop(want.text, None)  # who has rows may change their list
            if there is None or there[0] != want.arguments:
                return None
            found.append(there[1])
        return found

    def ahead(self, wants: Sequence[Wanted]) -> list[Wanted]:
        """What to send with those that are wanted now."""
        if self._rows is not None:
            return []
        self._rows = {}
        reader = wants[0].reader
        return [Wanted(reader, *one) for one in self._expected]

    def put(self, wants: Sequence[Wanted], answers: Sequence[Any]) -> None:
        """What came of that."""
        assert self._rows is not None
        for want, rows in zip(wants, answers, strict=True):
            self._rows[want.text] = want.arguments, rows


class Foreseen:
    """What questions wanted the last time, by question; the least recently asked leave first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: OrderedDict[Question, tuple[list[Later], int]] = OrderedDict()

    def of(self, question: Question) -> Foresight:
        """For an execution of it."""
        later, same = self._known.get(question, ([], 0))
        return Foresight(later if same >= SAME_BEFORE else [])

    def learn(self, question: Question, wanted: list[Later]) -> None:
        """What an execution of it has wanted."""
        before, same = self._known.pop(question, ([], 0))
        if before and before == wanted:
            self._known[question] = before, same + 1
        elif _may_be_kept(question, wanted):
            self._known[question] = wanted, 0
            if len(self._known) > self._most:
                self._known.popitem(last=False)


def _may_be_kept(question: Question, wanted: Sequence[Later]) -> bool:
    if len(question[2]) > MOST_BYTES:
        return False
    texts = {one.text for one in wanted}
    if not wanted or len(wanted) > MOST_STATEMENTS or len(texts) < len(wanted):
        return False
    given = [one for later in wanted for one in later.arguments]
    return sum(_size(one) for one in given) <= MOST_BYTES


def _size(argument: Any) -> int:
    if isinstance(argument, str | bytes):
        return len(argument)
    return sum(map(_size, argument)) if isinstance(argument, list) else 16
