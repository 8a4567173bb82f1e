"""Writes a typed filter as a query: reading it gives the same filter, in its normal form."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.query_language.custom import PREFIX, named_custom, print_sort_name, read_sort_id
from app.query_language.fields import BY_FIELD, CLOSED, PRIORITIES, SORTS, Named
from app.query_language.names import Names
from app.query_language.sorting import Sort
from app.tasks.grammar import CUSTOM, EVERYTHING, Kind, TaskFilter, normal

_PLAIN = re.compile(r"[\w#][\w@/+'-]*(?:\.[\w@/+'-]+)*")
_TAKEN = frozenset({"or", "me", "none"})
_COMPARISONS = {
    "eq": "", "in": "", "neq": "!=", "nin": "!=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">=", "before": "<",
    "until": "<=", "after": ">", "since": ">=",
}  # fmt: skip
_RANGES = {"gte": "lte", "since": "until"}


def print_query(asked: TaskFilter, sort: Sort, names: Names) -> str:
    """The query that means this filter and order, with the names that the viewer knows, else with ids."""
    root = normal(asked)
    printing = _Printing(names)
    texts = [] if root == EVERYTHING else [printing.parts(root) if root.all_of else printing.part(root)]
    if root.any_of and sort:
        texts = [f"({texts[0]})"]
    if sort:
        texts.append(f"sort:{print_sort(sort, names)}")
    return " ".join(texts)


def print_sort(sort: Sort, names: Names | None = None) -> str:
    """What ``sort:`` says of an order; empty for none. Without ``names`` custom fields are named by id."""
    spelled = {kept: name for name, kept in SORTS.items()}
    known = names or Names()
    return ",".join(
        ("-" if down else "") + (spelled.get(name) or print_sort_name(name, known)) for name, down in sort
    )


def sorts_by_custom(sort: Sort) -> bool:
    """Whether an order is by a custom field."""
    return any(name not in SORTS.values() for name, _ in sort)


def read_sort(text: str) -> Sort:
    """The order that ``print_sort`` wrote without names."""
    terms = text.split(",") if text else []
    return [(_read_sort_term(term.removeprefix("-")), term.startswith("-")) for term in terms]


def _read_sort_term(term: str) -> str:
    return read_sort_id(term.removeprefix(PREFIX)) if term.startswith(PREFIX) else SORTS[term]


def quoted(text: str) -> str:
    """A value in quotation marks, if it needs them."""
    if _PLAIN.fullmatch(text) and text.lower() not in _TAKEN and not text.startswith("#"):
        return text
    return always_quoted(text)


def always_quoted(text: str) -> str:
    """A value in quotation marks."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class _Printing:
    def __init__(self, names: Names) -> None:
        self._names = names

    def part(self, node: TaskFilter) -> str:
        """A node as it stands at the top, or right after ``or``."""
        if node.any_of:
            return " or ".join(self._within(one) for one in node.any_of)
        return self._within(node)

    def parts(self, node: TaskFilter) -> str:
        """All parts of a node, each after the other; two bounds that make a range are written as one."""
        texts, left = [], list(node.all_of)
        while left:
            one = left.pop(0)
            if left and (text := self._range(one, left[0])) is not None:
                left.pop(0)
                texts.append(text)
            else:
                texts.append(self._within(one))
        return " ".join(texts)

    def _within(self, node: TaskFilter) -> str:
        if node.compared:
            one = node.compared[0]
            ((op, value),) = one.ops.items()
            return self._test(one.field, op, value)
        if node.negated is not None:
            inner = self._within(node.negated)
            return f"-({inner})" if inner.startswith("-") else f"-{inner}"
        if node.any_of:
            return f"({self.part(node)})"
        return f"({self.parts(node)})"

    def _range(self, one: TaskFilter, other: TaskFilter) -> str | None:
        if not one.compared or not other.compared or one.compared[0].field != other.compared[0].field:
            return None
        ((op, low),) = one.compared[0].ops.items()
        ((other_op, high),) = other.compared[0].ops.items()
        if _RANGES.get(op) != other_op:
            return None
        named = self._named(one.compared[0].field)
        ends = self._value(named, low), self._value(named, high)
        if any(end.startswith('"') or "." in end for end in ends):
            return None
        return f"{named.name}:{ends[0]}..{ends[1]}"

    def _test(self, field: str, op: str, value: Any) -> str:
        if field in ("deleted", "blocked"):
            return f"is:{field}" if value else f"is:!={field}"
        if field == "status_category" and value == CLOSED:
            return "is:open" if op == "nin" else "is:closed"
        named = self._named(field, missing=op == "null")
        if op == "null":
            return f"{'no' if value else 'has'}:{named.name}"
        return quoted(value) if field == "text" else f"{named.name}:{self._comparison(named, op, value)}"

    def _named(self, field: str, *, missing: bool = False) -> Named:
        if field.startswith(CUSTOM):
            return named_custom(field, self._names, missing=missing)
        return BY_FIELD[field]

    def _comparison(self, named: Named, op: str, value: Any) -> str:
        if op == "me":
            return "me" if value else "!=me"
        if op == "contains":
            return f"{'' if named.contains else '~'}{quoted(value)}"
        comparison = "=" if named.contains and op in ("eq", "in") else _COMPARISONS[op]
        return comparison + ",".join(self._values(named, value if isinstance(value, list) else [value]))

    def _values(self, named: Named, values: list[Any]) -> list[str]:
        if named.kind not in (Kind.ID, Kind.PERSON):
            return [self._value(named, value) for value in values]
        texts, left = [], dict.fromkeys(values)
        for one in values:
            if one in left:
                text, ids = self._name(named, one, left)
                texts.append(text)
                for known in ids:
                    del left[known]
        return texts

    def _name(self, named: Named, one: UUID, among: dict[UUID, None]) -> tuple[str, list[UUID]]:
        """A name, if it stands for nothing but some of these; else the id."""
        if named.field == "parent_id":
            key = next((key for key, known in self._names.tasks.items() if known == one), None)
            return (key or f"#{one}"), [one]
        words = self._names.words(named.words or "people")
        word = words.by_id.get(one)
        ids = [known.id for known in words.called(word.name)] if word else []
        if word is None or words.ambiguous(word.name) or any(known not in among for known in ids):
            return f"#{one}", [one]
        return quoted(word.name), ids

    def _value(self, named: Named, value: Any) -> str:
        if isinstance(value, datetime):
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        if named.field == "priority" and isinstance(value, int) and 0 <= value < len(PRIORITIES):
            return PRIORITIES[value]
        if isinstance(value, float):
            return repr(value).removesuffix(".0")
        return quoted(value) if named.kind is Kind.TEXT else str(value)
