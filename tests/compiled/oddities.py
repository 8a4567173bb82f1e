"""A schema with everything that a schema may have and the product's has not: errors in every place, odd values, lists
of lists, resolvers of every kind.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum
from types import SimpleNamespace
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry.scalars import JSON
from strawberry.schema.config import StrawberryConfig

from app.collecting import Collector
from app.errors import BadInput, NotFound
from schema.context import Columns, Context
from schema.edges import column, derived, edge, root_field
from schema.scalars import SCALARS


class Broken(Exception):
    """A bug."""


@strawberry.enum
class Color(Enum):
    RED = "red"
    BLUE = "blue"


class Thing:
    """A value with whatever attributes; one that is an exception is raised."""

    def __init__(self, kind: str = "Leafy", **attributes: Any) -> None:
        self.kind = kind
        self._attributes = attributes

    def __getattr__(self, name: str) -> Any:
        try:
            value = self._attributes[name]
        except KeyError:
            raise AttributeError(name) from None
        if isinstance(value, Exception) and name.endswith("raised"):
            raise value
        return value


def _is(kind: str) -> Any:
    return lambda value, info: getattr(value, "kind", None) == kind


@strawberry.interface
class Named:
    name: str = column("A name.")
    maybe: str | None = column("Or none.")


@strawberry.type
class Leafy(Named):
    number: int = column("A number.")
    ratio: float | None = column("A ratio.")
    yes: bool | None = column("Yes or no.")
    identity: strawberry.ID | None = column("An id.")
    color: Color | None = column("A colour.")
    moment: datetime | None = column("A moment.")
    day: date | None = column("A day.")
    uuid: UUID | None = column("A UUID.")
    anything: JSON | None = column("Anything.")
    raised: str | None = column("Raises.")
    must_raised: str = column("Raises, and must not be null.")

    is_type_of = _is("Leafy")


async def _children(context: Any, parents: list[Any], columns: Columns, upto: int = 3) -> list[Any]:
    if upto < 0:
        raise BadInput("Fewer than none.")
    return [_value(parent, "children")[:upto] for parent in parents]


async def _optional(context: Any, parents: list[Any], columns: Columns) -> list[Any]:
    return [_value(parent, "child") for parent in parents]


async def _too_few(context: Any, parents: list[Any], columns: Columns) -> list[Any]:
    return [1]


def _value(parent: Any, name: str) -> Any:
    try:
        return getattr(parent, name)
    except AttributeError as error:
        return error


def _shout(root: Any) -> str:
    if root.name == "quiet":
        raise NotFound("Voice")
    return str(root.name).upper()


def _repeat(root: Any, times: int = 1, word: str | None = None) -> str:
    return (word or root.name) * times


def _later(root: Any) -> Any:
    async def wait() -> str:
        if root.name == "quiet":
            raise Broken("never")
        return f"later {root.name}"

    return wait()


async def _slow(root: Any, info: strawberry.Info) -> str:
    if root.name == "quiet":
        raise BadInput("Too slow.")
    return f"{info.path.key} {root.name}"


def _grown(root: Any) -> Iterator[int]:
    yield 1
    if root.name == "quiet":
        raise Broken("stops")
    yield 2


@strawberry.type
class Branch(Named):
    children: list[Branch] = edge(_children, "Below.")
    child: Branch | None = edge(_optional, "One below.")
    must: Branch = edge(_optional, "One that must be there.")
    few: int | None = edge(_too_few, "Fewer values than parents.")
    shout: str | None = derived(_shout, "Louder.", reads=())
    must_shout: str = derived(_shout, "Louder, and not null.", reads=())
    repeat: str = derived(_repeat, "Again.", reads=())
    later: str | None = derived(_later, "A resolver that leaves something to be awaited.", reads=())
    slow: str | None = strawberry.field(resolver=_slow, description="A resolver with info.")
    grown: list[int] | None = derived(_grown, "From a generator.", reads=())
    rows: list[list[int | None] | None] = column("Lists of lists.")
    strict: list[list[int]] | None = column("Lists of lists without nulls.")
    leaves: list[Leafy | None] = column("Leaves.")
    strict_leaves: list[Leafy] | None = column("Leaves without nulls.")
    named: list[Named | None] = column("Of an interface.")
    either: list[Annotated[Leafy | Branch, strawberry.union("Either")] | None] = column("Of a union.")

    is_type_of = _is("Branch")


def _branch(name: Any, **more: Any) -> Thing:
    given: dict[str, Any] = {
        "name": name, "maybe": None, "children": [], "child": None, "rows": [], "strict": [], "leaves": [],
        "strict_leaves": [], "named": [], "either": [],
    }  # fmt: skip
    return Thing("Branch", **{**given, **more})


def _leaf(**more: Any) -> Thing:
    given: dict[str, Any] = {
        "name": "leaf", "maybe": "m", "number": 1, "ratio": 1.5, "yes": True, "identity": "i", "color": Color.RED,
        "moment": datetime(2026, 1, 1, 1, 1, 1, 5, UTC), "day": date(2026, 1, 1), "uuid": UUID(int=5), "anything": {},
        "raised": "r", "must_raised": "r",
    }  # fmt: skip
    return Thing("Leafy", **{**given, **more})


class Text(str):
    """A string, but not quite."""

    __slots__ = ()


EAST = timezone(timedelta(hours=5, minutes=30))
ODD_LEAVES: list[Any] = [
    _leaf(), _leaf(name=5), _leaf(name=True, maybe=1.5), _leaf(name=None), _leaf(name=object()), _leaf(name=[]),
    _leaf(name=Text("t"), identity=7), _leaf(number=2**31), _leaf(number=-(2**31)), _leaf(number=2**31 - 1),
    _leaf(number=1.0), _leaf(number="3"), _leaf(number=True), _leaf(ratio=float("nan")), _leaf(ratio=3),
    _leaf(ratio=float("inf")), _leaf(yes=1), _leaf(yes="x"), _leaf(color="blue"), _leaf(color="green"),
    _leaf(color=[]), _leaf(moment=datetime(2026, 1, 1, tzinfo=UTC)), _leaf(moment=datetime(1, 1, 1, 1, tzinfo=UTC)),
    _leaf(moment=datetime(2026, 1, 1, 1, 1, 1, 5, EAST)), _leaf(moment="2026"),
    _leaf(day=datetime(2026, 1, 1, tzinfo=UTC)),
    _leaf(day="x"), _leaf(uuid="not one"), _leaf(anything=[None, {"a": 1.5}]), _leaf(anything=float("nan")),
    _leaf(raised=Broken("raised")), _leaf(must_raised=Broken("raised")), _leaf(must_raised=BadInput("told")),
    _leaf(maybe=Broken("a value that is an exception")), Thing("Leafy"), _branch("not a leaf"), "text", None,
    Broken("an item that is an exception"),
]  # fmt: skip

_TWIN = _branch("quiet", children=[_branch("deep", child=_branch("quiet"))], strict=[[1, None]])
TREE = _branch(
    "top",
    child=_branch("a", child=None, children=[_branch("b"), _branch("quiet"), _TWIN]),
    children=[_TWIN, _branch("c", children=[_TWIN, None, Broken("below")]), _TWIN],
    rows=[[1, None, 2**31], None, 5, "text", (1, 2), [Broken("in a list")]],
    strict=[[1], [2, None]],
    leaves=ODD_LEAVES,
    strict_leaves=[_leaf(), _leaf(name=None), _leaf(number=None)],
    named=[_leaf(), _branch("n"), Thing("Neither"), "text", None, _leaf(name=None), Broken("named")],
    either=[_branch("e"), _leaf(), Thing("Neither"), 5, None, _branch("quiet")],
)


@strawberry.type
class Query:
    @root_field("A tree.")
    def tree(self) -> Branch | None:
        return TREE  # type: ignore[return-value]

    @root_field("The same, which must not be null.")
    async def must(self, fail: bool = False) -> Branch:
        if fail:
            raise Broken("must")
        return TREE  # type: ignore[return-value]

    @root_field("Null where it must not be.")
    def nothing(self) -> Branch:
        return None  # type: ignore[return-value]


@strawberry.type
class Mutation:
    @root_field("Adds to the context's count, or fails.")
    async def add(self, info: strawberry.Info, fail: bool = False) -> int:
        info.context.count += 1
        if fail:
            raise BadInput("No.")
        return int(info.context.count)

    @root_field("The tree.")
    async def grow(self, info: strawberry.Info) -> Branch | None:
        return TREE  # type: ignore[return-value]


SCHEMA = strawberry.Schema(
    query=Query, mutation=Mutation, types=[Leafy, Branch],
    config=StrawberryConfig(default_resolver=getattr, scalar_map=SCALARS),
)  # fmt: skip


@dataclass
class Counting:
    """A context."""

    count: int = 0
    _loaders: dict[Any, Any] = field(default_factory=dict)

    load = Context.load
    _run = Context._run

    async def collect(self, coroutine: Any, foresight: Any = None) -> Any:
        return await Collector().run(coroutine)

    async def extensions(self) -> dict[str, Any]:
        return {}


@asynccontextmanager
async def open_counting(application: Any, session: Any) -> AsyncIterator[Counting]:
    """A context of its own for each execution."""
    yield Counting()


def open_anything(application: Any, **about: Any) -> Any:
    """A session."""
    return SimpleNamespace(**about)
