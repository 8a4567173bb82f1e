"""What an operation did cost, by its answer; `schema.costs` says what it may cost, before it runs."""

from __future__ import annotations

from typing import Any

from schema.answers import Answer
from schema.preparation import Prepared


def spent_cost(prepared: Prepared, answer: Answer) -> int:
    """The objects in the answer, and what a mutation's fields and looks through tasks cost whatever they answer."""
    fixed = prepared.fixed
    if not answer.data:
        return fixed
    return fixed + (count_objects(answer.data) if answer.objects is None else answer.objects)


def count_objects(data: dict[str, Any]) -> int:
    """How many objects are within an answer's data."""
    count = 0
    left: list[Any] = [data]
    while left:
        value = left.pop()
        values = value.values() if type(value) is dict else value
        for inner in values:
            kind = type(inner)
            if kind is dict:
                count += 1
                left.append(inner)
            elif kind is list and inner:
                left.append(inner)
    return count
