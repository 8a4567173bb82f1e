"""One execution of a compiled operation: its context, and the errors it met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graphql import FieldNode, GraphQLError
from graphql.error import located_error
from graphql.execution import Executor

from schema.compiled.places import Path, Place
from schema.dependence import Dependence


@dataclass(frozen=True, slots=True)
class Failure:
    """Stands for a value that is not there because of an error; `inside` leads from here to where it arose."""

    error: BaseException
    nodes: Sequence[FieldNode]
    inside: Path = ()

    def under(self, step: str | int) -> Failure:
        """The same, seen from the object or list around it."""
        return Failure(self.error, self.nodes, (step, *self.inside))


class Run:
    """What one execution has besides its plan.

    `failures` counts them, so that whoever completed many values knows whether it must look for one among them.
    """

    def __init__(self, executor: Executor[Any]) -> None:
        self.executor = executor
        self.context: Any = executor.context_value
        self.failures = 0
        self.objects = 0
        """Objects of the answer so far; what is built once counts wherever it stands."""
        self.counted = True
        """Whether that is all of them: not if there are objects in shared ones, or in values of JSON."""
        self.dependence: Dependence | None = Dependence.SCOPE
        """What the answer depends on, by the fields met so far; None: it may not be kept."""
        self._nulls: dict[Path, Failure] = {}

    def fail(self, error: BaseException, nodes: Sequence[FieldNode]) -> Failure:
        """A value could not be had."""
        self.failures += 1
        return Failure(error, nodes)

    def null(self, failure: Failure, place: Place, index: int) -> None:
        """A failure has come to where null may stand."""
        for path in place.paths(index):
            self._nulls[path] = failure

    def errors(self) -> list[GraphQLError]:
        """One for each null that an error left in the answer, ordered as they arose.

        What failed within an object that is null as a whole is not told: the specification asks for one error there.
        """
        told = []
        for path, failure in self._nulls.items():
            if not any(path[:length] in self._nulls for length in range(len(path))):
                error: Any = failure.error
                told.append(located_error(error, failure.nodes, [*path, *failure.inside]))
        return told
