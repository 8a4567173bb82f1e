"""Several selects as one statement: what a decision needs to know is of one moment, in one round trip.

Each select becomes one column of one row: an array of records. A select takes keys, as many as are asked for; whoever
asks for the same one again adds to them. Texts are put together once for each combination of selects.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Generic, TypeVar, cast

from sqlmodel import SQLModel

from app.db import Reader
from app.keys import as_text
from app.statements import Row, Statement, table

ModelT = TypeVar("ModelT")

Key = tuple[Any, ...]


def columns_of(model: type[SQLModel], alias: str) -> tuple[str, ...]:
    """The columns of a table as a select names them: ``t.id``."""
    return tuple(f"{alias}.{column.name}" for column in table(model).columns)


class Select(Generic[ModelT]):
    """One select of several.

    ``keys`` are the columns of ``asked`` with their types; ``columns`` what is selected (``t.id``, ``expression AS
    name``); ``source`` the rest, in which ``$asked`` stands for the keys (``$keys``: for their arrays). ``model`` types
    the rows for the reader of the code: they are tuples with the columns' names as attributes.

    ``$first`` is the first key: one value if all asked for have the same, so that partitions are left out before the
    statement begins. (To begin on all sixteen costs eight times as much as to read a task.)
    """

    def __init__(
        self,
        keys: Mapping[str, str],
        columns: Sequence[str],
        source: str,
        *,
        model: type[ModelT],
    ) -> None:
        self.model = model
        self.keys = keys
        self.as_rows = "$asked" in source
        """Whether the keys are rows to it; else they are arrays, by which asyncpg gets to know arrays of ids, too."""
        said = [column.replace("\n", " ").rpartition(" AS ") for column in columns]
        self._text = f"ARRAY(SELECT ROW({', '.join(what or name for what, _, name in said)}) {source})"
        names = [name.rpartition(".")[2] for _, _, name in said]
        self._make = cast(Any, namedtuple("Found", names))._make  # noqa: PYI024 (made at run time)

    @property
    def partitioned(self) -> bool:
        """Whether it matters that all its keys begin with the same."""
        return "$first" in self._text

    def text(self, first: int, *, alike: bool) -> tuple[str, int]:
        """Its SQL, whose parameters (an array for each key) have numbers from ``first`` on; and the next number.

        ``alike``: the last one is the value that all keys begin with.
        """
        numbered = list(enumerate(self.keys.values(), first))
        rows = f"unnest({', '.join(_texts(*one) for one in numbered)}) AS asked({', '.join(self.keys)})"
        arrays = ", ".join(f"${place}::{kind}[]" for place, kind in numbered)
        following = first + len(self.keys)
        name, kind = next(iter(self.keys.items()))
        begin = f"${following}::{kind}" if alike else f"asked.{name}"
        text = self._text.replace("$asked", rows).replace("$keys", arrays).replace("$first", begin)
        return text, following + alike

    def rows(self, found: Sequence[Key]) -> list[ModelT]:
        """What the database answered, as rows."""
        return cast("list[ModelT]", [self._make(row) for row in found])


def _texts(place: int, kind: str) -> str:
    """The parameter of a column of keys: of ids as one text, for asyncpg looks at the type of each."""
    return f"${place}::text::uuid[]" if kind == "uuid" else f"${place}::{kind}[]"


class Gathering:
    """Selects that are to be run together, and the keys that each is asked for."""

    def __init__(self) -> None:
        self._asked: dict[Select[Any], dict[Key, None]] = {}
        """What has not been run yet."""
        self._found: dict[Select[Any], list[Any]] = {}

    def ask(self, select: Select[Any], keys: Iterable[Key]) -> None:
        """Ask for these keys of a select too."""
        if fresh := dict.fromkeys(keys):
            self._asked.setdefault(select, {}).update(fresh)

    async def run(self, reader: Reader) -> None:
        """Run them all, in one statement. What was found before stays: rows that are found again come after it."""
        if not self._asked:
            return
        arguments: list[Any] = []
        forms = []
        for select, keys in self._asked.items():
            columns = list(zip(*keys, strict=True))
            arguments += [
                as_text(column) if kind == "uuid" and select.as_rows else list(column)
                for column, kind in zip(columns, select.keys.values(), strict=True)
            ]
            alike = select.partitioned and len(set(columns[0])) == 1
            arguments += [columns[0][0]] if alike else []
            forms.append((select, alike))
        statement = _together(tuple(forms))
        row = await reader.row(statement, **{str(place): one for place, one in enumerate(arguments, 1)})
        assert row is not None
        found = cast("Sequence[Sequence[Key]]", row)
        asked, self._asked = self._asked, {}
        for select, rows in zip(asked, found, strict=True):
            self._found.setdefault(select, []).extend(select.rows(rows))

    def found(self, select: Select[ModelT]) -> list[ModelT]:
        """The rows of a select; none if it was not asked for."""
        return self._found.get(select, [])


@lru_cache(maxsize=512)
def _together(forms: tuple[tuple[Select[Any], bool], ...]) -> Statement[Any]:
    texts, place = [], 1
    for select, alike in forms:
        text, place = select.text(place, alike=alike)
        texts.append(text)
    return Statement(f"SELECT {', '.join(texts)}", Row, *map(str, range(1, place)))
