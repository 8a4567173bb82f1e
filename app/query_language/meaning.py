"""Makes the typed filter of a query's tree."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from app.query_language.custom import PREFIX, fields_called, quoted_name
from app.query_language.fields import BY_NAME, CLOSED, IS, NAMED, SPECIAL, Named
from app.query_language.names import Names
from app.query_language.sorting import Sort, add_sort, is_sort
from app.query_language.syntax import MOST_FAULTS, Fault, Group, Negation, Node, Term, Value, read_query
from app.query_language.values import Unfit, choose, did_you_mean, meant, read_day, read_moment, read_value
from app.tasks.grammar import EVERYTHING, MOST_CONDITIONS, Kind, TaskFilter, all_of, any_of, normal, test

_BOUNDS = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
_DAY_BOUNDS = {"<": "before", "<=": "until", ">": "after", ">=": "since"}
_COMPARABLE = (Kind.WHOLE, Kind.NUMBER, Kind.DAY, Kind.MOMENT)


@dataclass
class Meaning:
    """What a query asks; with ``faults`` it asks nothing."""

    filter: TaskFilter = EVERYTHING
    sort: Sort = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def understand(text: str, names: Names) -> Meaning:
    """The meaning of a query's text, whose names are those of ``names``."""
    syntax = read_query(text)
    meaning = Meaning(faults=syntax.faults)
    meaning.filter = normal(_root(syntax.root, names, meaning))
    if meaning.filter.size() > MOST_CONDITIONS:
        message = f"A query has at most {MOST_CONDITIONS} conditions."
        meaning.faults.append(Fault("TOO_COMPLEX", message, 0, len(text)))
    meaning.faults = sorted(meaning.faults, key=lambda one: (one.start, one.end))[:MOST_FAULTS]
    return meaning


def _root(root: Group, names: Names, meaning: Meaning) -> TaskFilter:
    """The whole query. Its ``sort:`` may stand beside any of its choices, but is none."""
    if not root.any_of:
        return _node(root, names, meaning, top=True)
    for choice in root.parts:
        if isinstance(choice, Group) and choice.parts and all(is_sort(part) for part in choice.parts):
            fault = Unfit("MISPLACED_SORT", "`or` stands between two conditions, and sort: is none.")
            meaning.faults.append(_Faulty(fault, choice.parts[0]).fault)
    return any_of([_node(choice, names, meaning, top=True) for choice in root.parts])


def _node(node: Node, names: Names, meaning: Meaning, *, top: bool) -> TaskFilter:
    if isinstance(node, Negation):
        return TaskFilter(negated=_node(node.part, names, meaning, top=False))
    if isinstance(node, Group):
        within = top and not node.any_of and not node.enclosed
        parts = [_node(part, names, meaning, top=within) for part in node.parts]
        return any_of(parts) if node.any_of else all_of(parts)
    try:
        if not is_sort(node):
            return _term(node, names)
        if top:
            return _each(node, lambda value: add_sort(value, names, meaning.sort))
        misplaced = Unfit("MISPLACED_SORT", "sort: stands outside of parentheses and without a minus.")
        meaning.faults.append(_Faulty(misplaced, node).fault)
    except _Faulty as faulty:
        meaning.faults.append(faulty.fault)
    return EVERYTHING


class _Faulty(Exception):
    def __init__(self, unfit: Unfit, where: Node | Value) -> None:
        super().__init__(unfit.message)
        self.fault = Fault(unfit.code, unfit.message, where.start, where.end, unfit.meant)


def _term(term: Term, names: Names) -> TaskFilter:
    if term.name is None:
        return _each(term, lambda value: [test("text", "contains", value.text)] if value.text else [])
    name = term.name.lower()
    if term.custom is not None:
        return _custom(term, term.custom, names)
    if name in SPECIAL:
        return _special(name, term, names)
    named = BY_NAME.get(name)
    if named is None:
        custom = [f"{PREFIX}{quoted_name(one)}" for one in meant(name, names.custom.names())]
        alike = (*meant(name, [*(one.name for one in NAMED), *SPECIAL]), *custom)
        message = (
            f"There is nothing called {term.name}. If it is a word to look for, put it in quotation marks."
        )
        raise _Faulty(Unfit("UNKNOWN_FIELD", message + did_you_mean(alike), alike), term)
    _check_comparison(named, term)
    if term.comparison == "!=":
        return _unequal(named, term, names)
    return _each(term, lambda value: _tests(named, term.comparison, value, names))


def _custom(term: Term, written: Value, names: Names) -> TaskFilter:
    """A comparison with a custom field: with that of each project which has one of the name, and knows the value."""
    if not written.text:
        return EVERYTHING  # told by the syntax
    try:
        found = fields_called(written.text, written.quoted, names)
    except Unfit as unfit:
        raise _Faulty(unfit, written) from None
    comparison = "=" if term.comparison == "!=" else term.comparison

    def checked(named: Named) -> list[Named]:
        _check_comparison(named, term)
        return [named]

    comparable = _of_those(found, checked)

    def tests(value: Value) -> list[TaskFilter]:
        parts = _of_those(comparable, lambda named: _tests(named, comparison, value, names))
        nothing = bool(parts) and all(
            part.compared and part.compared[0].ops == {"null": True} for part in parts
        )
        return [all_of(parts)] if nothing else parts

    either = _each(term, tests)
    if term.comparison != "!=":
        return either
    return all_of([_opposite(one) for one in (either.any_of or (either,))])


def _of_those(found: list[Named], tests: Any) -> list[Any]:
    """What ``tests`` gives of the fields that it fits; raises what is wrong with the first if it fits none."""
    parts: list[Any] = []
    wrong: Exception | None = None
    for named in found:
        try:
            parts += tests(named)
        except (Unfit, _Faulty) as unfit:
            wrong = wrong or unfit
    if wrong is not None and not parts:
        raise wrong
    return parts


def _each(term: Term, tests: Any) -> TaskFilter:
    """At least one of a term's values; those that can be are put together into one ``in``."""
    found: list[TaskFilter] = []
    for value in term.values:
        try:
            found += tests(value)
        except Unfit as unfit:
            raise _Faulty(unfit, value) from None
    return _joined(found)


def _joined(tests: list[TaskFilter]) -> TaskFilter:
    equal: dict[str, list[Any]] = {}
    others = []
    for one in tests:
        comparison = one.compared[0] if one.compared else None
        if (
            comparison is not None
            and "eq" in comparison.ops
            and comparison.field not in ("deleted", "blocked")
        ):
            equal.setdefault(comparison.field, []).append(comparison.ops["eq"])
        else:
            others.append(one)
    lists = [normal(test(name, "in", values)) for name, values in equal.items()]
    choices = [*lists, *others]
    return any_of(choices) if choices else EVERYTHING


def _special(name: str, term: Term, names: Names) -> TaskFilter:
    if term.comparison not in ("", "!="):
        raise _Faulty(Unfit("BAD_COMPARISON", f"{name}: takes a word and no comparison."), term)
    if name == "is":
        found = _each(term, lambda value: [_is(choose(value.text, IS, "is"), term.comparison == "")])
    else:
        found = _each(term, lambda value: [_missing(value, name == "no", names)])
    if term.comparison == "!=" and (name != "is" or len(term.values) > 1 or not _is_flag(found)):
        raise _Faulty(Unfit("BAD_COMPARISON", "Put a minus before it instead."), term)
    return found


def _is_flag(one: TaskFilter) -> bool:
    return bool(one.compared) and one.compared[0].field in ("deleted", "blocked")


def _is(word: str, yes: bool) -> TaskFilter:
    is_open = test("status_category", "nin", CLOSED)
    if word == "overdue":
        return all_of([test("due_date", "lt", "today"), is_open])
    if word == "open":
        return is_open
    return test("status_category", "in", CLOSED) if word == "closed" else test(word, "eq", yes)


def _missing(value: Value, missing: bool, names: Names) -> TaskFilter:
    if value.text.lower().startswith(PREFIX):
        found = fields_called(value.text[len(PREFIX) :], value.quoted, names)
        parts = [test(one.field, "null", missing) for one in found]
        return all_of(parts) if missing else any_of(parts)
    known = tuple(one.name for one in NAMED if one.missing or one.name == "priority")
    named = BY_NAME.get(value.text.lower())
    if named is None or named.name not in known:
        named = BY_NAME[choose(value.text, known, "no: and has:")]
    if named.name == "priority":
        return test("priority", "eq" if missing else "neq", 0)
    return test(named.field, "null", missing)


def _check_comparison(named: Named, term: Term) -> None:
    ranged = any(value.upto is not None for value in term.values)
    if term.comparison in _BOUNDS:
        if named.kind not in _COMPARABLE:
            raise _Faulty(Unfit("BAD_COMPARISON", f"{named.name} has no order to compare by."), term)
        if len(term.values) > 1 or ranged:
            raise _Faulty(Unfit("BAD_COMPARISON", "A comparison has one value."), term)
    if term.comparison == "~" and named.kind is not Kind.TEXT:
        raise _Faulty(Unfit("BAD_COMPARISON", "~ looks into texts only."), term)
    if term.comparison and ranged:
        raise _Faulty(Unfit("BAD_COMPARISON", "A range has no comparison before it."), term)
    if named.field == "text" and term.comparison in ("=", "!="):
        raise _Faulty(Unfit("BAD_COMPARISON", "text: looks for what it contains."), term)
    if named.kind is Kind.MOMENT and term.comparison == "!=":
        raise _Faulty(Unfit("BAD_COMPARISON", "Put a minus before it instead."), term)


def _tests(named: Named, comparison: str, value: Value, names: Names) -> list[TaskFilter]:
    """The tests of one value, of which one must hold."""
    if not value.text and value.upto is None and not value.quoted:
        return []  # was told as missing
    if (word := _keyword(named, value)) is not None:
        return [word]
    if named.kind in _COMPARABLE and (bounds := _bounds(named, comparison, value)):
        return [all_of([_bound(named, way, end, names) for way, end in bounds])]
    text = value.text if value.upto is None else f"{value.text}..{value.upto}"
    if named.kind is Kind.TEXT and (comparison == "~" or (not comparison and named.contains)):
        return [test(named.field, "contains", text)]
    found = read_value(named, text, value.quoted, names)
    return [test(named.field, "eq", one) for one in (found if isinstance(found, list) else [found])]


def _keyword(named: Named, value: Value) -> TaskFilter | None:
    word = "" if value.quoted else value.text.lower()
    if named.missing and word == "none":
        return test(named.field, "null", True)
    return test(named.field, "me", True) if named.kind is Kind.PERSON and word == "me" else None


def _bounds(named: Named, comparison: str, value: Value) -> list[tuple[str, str]]:
    """The bounds that a value must keep; none if it must be equal."""
    if value.upto == value.text == "":
        raise Unfit("BAD_VALUE", "A range has a beginning, an end or both.")
    if value.upto is not None:
        return [(way, end) for way, end in ((">=", value.text), ("<=", value.upto)) if end]
    if comparison in _BOUNDS:
        return [(comparison, value.text)]
    return [(">=", value.text), ("<=", value.text)] if named.kind is Kind.MOMENT else []


def _bound(named: Named, comparison: str, text: str, names: Names) -> TaskFilter:
    if named.kind is not Kind.MOMENT:
        return test(named.field, _BOUNDS[comparison], read_value(named, text, False, names))
    moment = read_moment(text)
    if moment is not None:
        return test(named.field, _BOUNDS[comparison], moment)
    return test(named.field, _DAY_BOUNDS[comparison], read_day(text))


_OPPOSITES = {"eq": "neq", "in": "nin"}


def _unequal(named: Named, term: Term, names: Names) -> TaskFilter:
    """None of the values: unlike with a minus, said of the field itself."""
    found = _each(term, lambda value: _tests(named, "=", value, names))
    return all_of([_opposite(one) for one in (found.any_of or (found,))])


def _opposite(one: TaskFilter) -> TaskFilter:
    if not one.compared:
        return TaskFilter(negated=one)
    comparison = one.compared[0]
    ((op, value),) = comparison.ops.items()
    if op in _OPPOSITES:
        return test(comparison.field, _OPPOSITES[op], value)
    return test(comparison.field, op, not value)
