"""Running a frame once for all subscriptions that would get the same answer.

Every field declares its *dependence*: on the scope alone (the same for all who may read it), or on the viewer. A
subscription that selects only scope-dependent fields gives the same answer to everybody who follows the scope,
so equal ones (same document, operation and variables, the cursor aside) share each frame's execution.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Any, Protocol, TypeGuard

from graphql import (
    DocumentNode,
    GraphQLSchema,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    visit,
)

from app.events.frames import EventFrame
from app.events.pursuits import Pursuit
from schema.answers import Answer
from schema.dependence import Dependence

KEPT = 256
LARGEST_SHARED = 100
"""Frames of more events are replays of one client: nobody else gets the same."""

_CURSOR_ARGUMENTS = frozenset({"after"})


class _Weakest(Visitor):
    """Finds whether any selected field depends on the viewer."""

    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self._types = types
        self.shareable = True

    def enter_field(self, *_: Any) -> None:
        field = self._types.get_field_def()
        if field is None:
            return
        declared = field.extensions.get("strawberry-definition")
        metadata = getattr(declared, "metadata", None) or {}
        if metadata.get("dependence") in (Dependence.ROLE, Dependence.VIEWER):
            self.shareable = False


class Shareable(Protocol):
    """A subscription's source that need not be iterated: who gets the same as others may listen with them."""

    @property
    def meant(self) -> Hashable:
        """What the arguments came to mean. Of equal subscriptions, those get the same for which that is equal too."""

    async def pursue(self) -> Pursuit:
        """Begins to follow."""

    async def event(self, frame: EventFrame, /) -> Any:
        """What the subscription's field gets of a frame, which need not be the next one; None: nothing is told of it.

        It has a `kind`; with RESYNC or ENDED the stream is over.
        """

    @property
    def repeats(self) -> bool:
        """Whether the arguments mean the same whoever sends them, and whenever."""

    def again(self, context: Any, /) -> Shareable:
        """If so: the same for somebody else. Raises what the resolver would."""

    def pursue_now(self, told: Callable[[Exception | None], None], /) -> Pursuit | None:
        """If so: begins to follow without a task (see `Hub.pursue_now`); None where one is needed."""


def is_shareable(source: object) -> TypeGuard[Shareable]:
    """Whether a source says that it is."""
    return hasattr(source, "pursue")


@dataclass(frozen=True, slots=True)
class Sharing:
    """Whether equal subscriptions by an operation get the same, and which variables may differ between them."""

    shareable: bool
    cursors: frozenset[str]

    @classmethod
    def of(cls, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> Sharing:
        """Found out once for a document's operation."""
        types = TypeInfo(schema)
        found = _Weakest(types)
        visit(document, TypeInfoVisitor(types, found))
        return cls(found.shareable, frozenset(_variables_of_cursors(operation)))

    def group(self, text: str, name: str | None, variables: dict[str, Any]) -> Hashable | None:
        """What equal subscriptions have in common, or None if this one's answer is its viewer's own."""
        if not self.shareable:
            return None
        told = tuple(
            sorted((key, repr(value)) for key, value in variables.items() if key not in self.cursors)
        )
        return text, name, told


def _variables_of_cursors(operation: OperationDefinitionNode) -> set[str]:
    found = set()
    for selection in operation.selection_set.selections:
        for argument in getattr(selection, "arguments", None) or ():
            if argument.name.value in _CURSOR_ARGUMENTS and argument.value.kind == "variable":
                found.add(argument.value.name.value)
    return found


class SharedAnswers:
    """The latest frames' answers, by group and frame."""

    def __init__(self) -> None:
        self._made: OrderedDict[Hashable, asyncio.Future[Answer | None]] = OrderedDict()

    async def get(self, key: Hashable, make: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer for a key, made once, by who asks first: in their own task, since nobody else knows of it yet.

        An answer with errors is its maker's own: the token may have run out, or the database been away a moment. And a
        maker who goes away leaves none.
        """
        known = self._made.get(key)
        if known is not None:
            return await asyncio.shield(known) or await make()
        made = self._made[key] = asyncio.get_running_loop().create_future()
        if len(self._made) > KEPT:
            self._made.popitem(last=False)
        good: Answer | None = None
        try:
            answer = await make()
            good = None if answer.errors else answer
        finally:
            made.set_result(good)
            if good is None and self._made.get(key) is made:
                del self._made[key]
        return answer
