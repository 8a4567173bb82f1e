"""Keys of many rows, worked out once for all the statements that are asked about the same rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from struct import pack
from typing import Any
from uuid import UUID

Key = tuple[UUID, ...]


class Keys:
    """Composite keys by column, in the order of their rows: ``Keys(project_ids, ids)``."""

    __slots__ = ("_one", "_packed", "columns")

    def __init__(self, *columns: Sequence[Any]) -> None:
        self.columns = columns
        self._packed: dict[int, bytes] = {}
        self._one: tuple[UUID | None] | None = None

    @classmethod
    def of(cls, keys: Keys | Iterable[Key]) -> Keys:
        """Those of tuples; what is keys already stays."""
        return keys if isinstance(keys, Keys) else cls(*zip(*keys, strict=True))

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0

    def __iter__(self) -> Iterator[Key]:
        return zip(*self.columns, strict=True)

    @property
    def one(self) -> UUID | None:
        """The first column's value where all keys begin with the same; None if they do not, or there are none.

        A statement that is given the one project begins on its partition alone, and reads it by one index scan: of
        500 tasks that takes half of what it takes to look up each.
        """
        if self._one is None:
            first = self.columns[0] if len(self) else ()
            alike = bool(first) and first.count(first[0]) == len(first)
            self._one = (first[0] if alike else None,)
        return self._one[0]

    @property
    def distinct(self) -> list[UUID]:
        """What keys begin with, each once."""
        one = self.one
        return list(dict.fromkeys(self.columns[0] if self.columns else ())) if one is None else [one]

    def packed(self, column: int) -> bytes:
        """A column as PostgreSQL receives an array."""
        found = self._packed.get(column)
        if found is None:
            found = self._packed[column] = packed(self.columns[column])
        return found


def as_text(ids: Iterable[UUID | None]) -> str:
    """Ids as PostgreSQL writes an array of them."""
    return f"{{{','.join(map(str, ids)).replace('None', 'NULL')}}}"


_UUID = 2950
_SIZE, _NULL = pack("!i", 16), pack("!i", -1)
_BYTES = attrgetter("bytes")


def packed(ids: Sequence[UUID | None]) -> bytes:
    """Ids as PostgreSQL receives an array of them (`array_recv`), for parameters of type ``ids``.

    Of 500 it reads a text for 0.2 ms, this for a tenth of that.
    """
    if not ids:
        return pack("!iii", 0, 0, _UUID)
    null = None in ids
    head = pack("!iiiii", 1, null, _UUID, len(ids), 1)
    if null:
        return head + b"".join([_NULL if one is None else _SIZE + one.bytes for one in ids])
    return head + _SIZE + _SIZE.join(map(_BYTES, ids))


class Rows(list[Any]):
    """Rows that several batches are asked about."""

    __slots__ = ("keys",)

    def __init__(self, rows: Iterable[Any]) -> None:
        super().__init__(rows)
        self.keys: dict[tuple[str, ...], Keys] = {}


def keys_of(rows: Sequence[Any], *names: str) -> Keys:
    """The keys in these columns of rows; of ``Rows`` they are worked out once."""
    known = rows.keys.get(names) if isinstance(rows, Rows) else None
    if known is None:
        known = Keys(*[list(map(attrgetter(name), rows)) for name in names])
        if isinstance(rows, Rows):
            rows.keys[names] = known
    return known
