"""Both paths over one application, and what it means that their answers are equal.

`data` must be the same bytes. Errors must be the same as (path, code, message, places in the document), in any order.
Only where several fields of something that is null as a whole failed, which of them is told depends on which was first
(the specification asks for one): each path must then tell at least one, and none that did not fail.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import orjson

from app.errors import ClientError
from schema import schema
from schema.answers import Answer, Refused
from schema.context import Application, open_context, open_session
from schema.execution import GraphQLService
from schema.preparation import Prepared
from schema.requests import GraphQLRequest
from tests.client import JSON

Told = tuple[tuple[str | int, ...], str, str, str]


class Paths:
    """The ordinary and the compiled path."""

    def __init__(self, application: Application) -> None:
        self.ordinary, self.compiled = (
            GraphQLService(
                application, schema, open_context=open_context, open_session=open_session, compiled=compiled
            )
            for compiled in (False, True)
        )

    async def compare(self, token: str | None, text: str, variables: JSON | None = None) -> Compared | None:
        """Both answers; None if the operation is refused before anything runs, or cannot be compared."""
        request = GraphQLRequest(text, variables=variables or {})
        try:
            prepared = [path.prepare(request) for path in (self.ordinary, self.compiled)]
        except (Refused, ClientError):
            return None
        answers = [
            await _execute(path, one, token)
            for path, one in zip((self.ordinary, self.compiled), prepared, strict=True)
        ]
        return Compared(*answers) if answers[0].executed else None


async def _execute(path: GraphQLService, prepared: Prepared, token: str | None) -> Answer:
    session = await path.sign_in(token, "the-request", "http")
    return await path.execute(prepared, session)


@dataclass(frozen=True)
class Compared:
    """What the two paths answered."""

    ordinary: Answer
    compiled: Answer

    def difference(self) -> str | None:
        """In words, or None if there is none."""
        sides = (self.ordinary, self.compiled)
        data = [orjson.dumps(side.data) for side in sides]
        if data[0] != data[1]:
            return f"data\nordinary: {data[0].decode()}\ncompiled: {data[1].decode()}"
        if self.ordinary.executed != self.compiled.executed:
            return f"executed\nordinary: {sides[0].errors}\ncompiled: {sides[1].errors}"
        told = [Counter(map(_told, side.errors)) for side in sides]
        apart = [one - other for one, other in (told, reversed(told))]
        if any(_settled(self.ordinary.data, error) for side in apart for error in side):
            return f"errors\nordinary only: {apart[0]}\ncompiled only: {apart[1]}"
        nulls = [{_null_at(self.ordinary.data, error[0]) for error in side} for side in told]
        if nulls[0] != nulls[1]:
            return f"nulls without an error\nordinary: {nulls[0]}\ncompiled: {nulls[1]}"
        beside = [_beside(side.extensions) for side in sides]
        if not any(told) and beside[0] != beside[1]:
            return f"extensions\nordinary: {beside[0]}\ncompiled: {beside[1]}"
        return None


def _told(error: JSON) -> Told:
    extensions = error["extensions"]
    return (
        tuple(error.get("path") or ()),
        extensions["code"],
        error["message"],
        orjson.dumps([error.get("locations"), extensions]).decode(),
    )


def _null_at(data: Any, path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """The null that stands where an error's field would have been, or something around it."""
    for length, step in enumerate(path):
        if data is None:
            return path[:length]
        data = data[step]
    return path


def _settled(data: Any, error: Told) -> bool:
    """Whether the null is the failed field itself: no other error can be told there."""
    return _null_at(data, error[0]) == error[0]


def _beside(extensions: JSON) -> Any:
    positions = extensions.get("positions", [])
    return extensions.get("cost"), sorted(orjson.dumps(position) for position in positions)
