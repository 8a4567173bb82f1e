"""A small schema with every way to succeed and to fail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, NewType

import strawberry
from strawberry.types import Info

from app.errors import BadInput, ClientError, NotFound
from schema.execution import GraphQLService
from tests.doors.application import Application, Context, Feed, Session, open_context

Sample = Info[Context, None]


@strawberry.enum
class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@strawberry.input
class Point:
    x: int
    label: strawberry.Maybe[str]
    inner: Point | None = None


@strawberry.type
class Node:
    number: int

    @strawberry.field
    def inner(self) -> Node:
        return Node(number=self.number + 1)

    @strawberry.field
    def maybe_broken(self) -> int | None:
        raise ValueError("secret: a password")

    @strawberry.field
    def broken(self) -> int:
        raise ValueError("secret: a password")


def _parse_day(value: object) -> str:
    if value != "2024-02-29":
        raise BadInput("There is no such day.")
    return "2024-02-29"


Day = NewType("Day", str)
Odd = NewType("Odd", object)
SCALARS: dict[object, Any] = {
    Day: strawberry.scalar(name="Day", parse_value=_parse_day, serialize=str),
    Odd: strawberry.scalar(name="Odd", serialize=lambda value: value),
}


@strawberry.type
class Query:
    node: Node = strawberry.field(resolver=lambda: Node(number=1))

    @strawberry.field
    def echo(self, text: str) -> str:
        return text

    @strawberry.field
    def add(self, a: int, b: int = 1) -> int:
        return a + b

    @strawberry.field
    def place(self, point: Point) -> int:
        return point.x

    @strawberry.field
    def paint(self, colour: Colour) -> str:
        return colour.value

    @strawberry.field
    def day(self, day: Day) -> Day:
        return day

    @strawberry.field
    def thing(self, thing_id: strawberry.relay.GlobalID) -> str:
        return thing_id.type_name

    @strawberry.field
    async def viewer(self, info: Sample) -> str:
        return info.context.viewer.name

    @strawberry.field
    async def request_id(self, info: Sample) -> str:
        return info.context.session.request_id

    @strawberry.field
    async def wait(self, info: Sample) -> str:
        await info.context.application.gate.wait()
        return "waited"

    @strawberry.field
    def too_costly(self) -> int | None:
        raise ClientError("RATE_LIMITED", "Slow down.", retryAfterSeconds=7)

    @strawberry.field
    def hidden(self) -> int | None:
        raise NotFound("The task")

    @strawberry.field
    def out_of_range(self) -> int | None:
        return 2**40

    @strawberry.field
    def unencodable(self) -> Odd | None:
        return Odd(object())

    @strawberry.field
    def surrogate(self) -> str | None:
        return "\ud800"

    @strawberry.field
    def text(self, length: int) -> str:
        return "x" * length


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def write(self, info: Sample, text: str) -> str:
        info.context.application.written.append(text)
        return text

    @strawberry.mutation
    async def write_slowly(self, info: Sample, text: str) -> str:
        application = info.context.application
        await application.gate.wait()
        application.written.append(text)
        return text


@strawberry.type
class Frame:
    number: int

    @strawberry.field
    def context(self, info: Sample) -> int:
        return info.context.application.contexts.index(info.context)

    @strawberry.field
    def broken(self) -> int | None:
        raise ValueError("secret: a password")

    @strawberry.field
    def padding(self, length: int) -> str:
        return "x" * length


@dataclass
class Frames:
    """A feed's events as the schema shows them."""

    feed: Feed

    def __aiter__(self) -> AsyncIterator[Frame]:
        return self

    async def __anext__(self) -> Frame:
        return Frame(number=await anext(self.feed))

    async def aclose(self) -> None:
        await self.feed.aclose()


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def events(self, info: Sample) -> AsyncIterator[Frame]:
        """The proper form: a coroutine that uses the context, and returns an iterator that does not."""
        application = info.context.application
        assert info.context.viewer.name
        feed = Feed()
        application.feeds.append(feed)
        application.feed_opened.set()
        return Frames(feed)

    @strawberry.subscription
    async def count(self, to: int) -> AsyncGenerator[int, None]:
        for number in range(1, to + 1):
            yield number

    @strawberry.subscription
    async def badly_closed(self) -> AsyncGenerator[int, None]:
        try:
            yield 1
            await asyncio.Event().wait()
        finally:
            raise ValueError("secret: a password")


def make_schema(*, writable: bool = True, **options: Any) -> strawberry.Schema:
    """The schema; a new one each time."""
    return strawberry.Schema(
        Query,
        Mutation if writable else None,
        Subscription if writable else None,
        config=strawberry.schema.config.StrawberryConfig(scalar_map=SCALARS),
        **options,
    )


def make_service(application: Application, **options: Any) -> GraphQLService:
    """The schema over an application."""
    return GraphQLService(
        application, make_schema(), open_context=open_context, open_session=Session, **options
    )
