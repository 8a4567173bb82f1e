"""Statements and rows: what is asked of PostgreSQL, and what it answers.

Statements are SQLAlchemy Core over the SQLModel tables, or SQL as text, compiled once each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Generic, TypeVar, cast, overload
from uuid import UUID

import asyncpg
from sqlalchemy import ARRAY, ColumnElement, Table, Uuid, bindparam, func
from sqlalchemy import cast as cast_to
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.expression import TableValuedAlias
from sqlalchemy.types import UserDefinedType
from sqlmodel import SQLModel

from app.keys import packed

_DIALECT = asyncpg_dialect.dialect()  # type: ignore[no-untyped-call]

ModelT = TypeVar("ModelT")


class Row(asyncpg.Record):  # type: ignore[misc]
    """A fetched row; columns are attributes. Each table has its own subclass, so a row knows what it is."""

    model: type[SQLModel] | None = None

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


_ROW_CLASSES: dict[type, type[Row]] = {}


def row_class(model: type[ModelT]) -> type[Row]:
    """The ``Row`` subclass for a table (or any other record shape)."""
    if model not in _ROW_CLASSES:
        columns: Iterable[str] = getattr(model, "model_fields", ())
        # Found on the class, a column takes a third of the time that `__getattr__` takes.
        quick = {name: property(itemgetter(name)) for name in columns if not hasattr(Row, name)}
        _ROW_CLASSES[model] = type(f"{model.__name__}Row", (Row,), {**quick, "model": model})
    return _ROW_CLASSES[model]


class Statement(Generic[ModelT]):
    """One SQL statement with named parameters, compiled on first use.

    ``model`` types the rows for the reader of the code: at run time they are ``Row`` records with the
    same attributes.
    """

    def __init__(self, source: ClauseElement | str, model: type[ModelT], *names: str) -> None:
        self._source = source
        self.model = model
        self.record_class = row_class(model)
        self._names: Sequence[str] = names
        self._defaults: Mapping[str, Any] = {}
        self._sql = source if isinstance(source, str) else None
        self._prepared = False
        self._unnested: Sequence[int] = ()

    def prepare(self, parameters: Mapping[str, Any]) -> tuple[str, list[Any]]:
        """The SQL text and its arguments in order."""
        if self._sql is None:
            compiled = cast(ClauseElement, self._source).compile(dialect=_DIALECT)
            self._names = cast(Any, compiled).positiontup or ()
            self._defaults = compiled.params
            self._sql = str(compiled)
        if not self._prepared:
            self._sql, self._unnested = _as_ids(self._sql)
            self._prepared = True
        values = {**self._defaults, **parameters}
        arguments = [values[name] for name in self._names]
        for place in self._unnested:
            keys = arguments[place]
            if keys is not None and type(keys) is not bytes:
                arguments[place] = packed(keys)
        return self._sql, arguments


_UNNEST = re.compile(r"unnest\((?:\$\d+::uuid\[\](?:, )?)+\)", re.IGNORECASE)
_ARRAY = re.compile(r"\$(\d+)(::uuid\[\])?", re.IGNORECASE)


class Ids(UserDefinedType[Any]):
    """The type of parameters that are given as `app.keys.packed` makes them: a domain over arrays of uuid."""

    cache_ok = True
    render_bind_cast = True

    def get_col_spec(self, **_: Any) -> str:
        """See SQLAlchemy."""
        return "ids"


def among_ids(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Whether a column is one of the packed ids of a parameter."""
    return column == func.any(cast_to(bindparam(name, type_=Ids()), ARRAY(Uuid)))


def _as_ids(text: str) -> tuple[str, Sequence[int]]:
    """The statement with those arrays of keys as ``ids`` that are unnested and nothing else; their places.

    asyncpg looks at every element of an array for whether it is one itself: 500 keys took it longer than their rows.
    """
    inside = {number for found in _UNNEST.findall(text) for number, _ in _ARRAY.findall(found)}
    outside = {number for number, _ in _ARRAY.findall(_UNNEST.sub("", text))}
    taken = inside - outside
    if not taken:
        return text, ()
    written = _UNNEST.sub(
        lambda found: _ARRAY.sub(
            lambda one: f"${one[1]}::ids::uuid[]" if one[1] in taken else one[0], found[0]
        ),
        text,
    )
    return written, sorted(int(number) - 1 for number in taken)


@overload
def sql(text: str, *names: str) -> Statement[Any]: ...
@overload
def sql(text: str, *names: str, model: type[ModelT]) -> Statement[ModelT]: ...
def sql(text: str, *names: str, model: type[Any] = Row) -> Statement[Any]:
    """SQL text where Core cannot say it; ``names`` are the parameters $1, $2 … in order."""
    return Statement(text, model, *names)


def table(model: type[SQLModel]) -> Table:
    """The Core table of a model."""
    return cast(Table, cast(Any, model).__table__)


def key_table(*columns: str) -> TableValuedAlias:
    """``unnest($keys_0, $keys_1 …)`` as a table of uuid keys: a batch of any size is one statement."""
    arrays = [bindparam(f"{column}s", type_=ARRAY(Uuid)) for column in columns]
    return func.unnest(*arrays).table_valued(*columns, with_ordinality="ordinal").render_derived(name="keys")


def as_keys(pairs: Sequence[tuple[UUID, ...]]) -> list[list[UUID]]:
    """Columns of a batch of composite keys, as ``key_table`` takes them."""
    return [list(column) for column in zip(*pairs, strict=True)] if pairs else []
