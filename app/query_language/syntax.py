"""Reads the text of a query into a tree with positions, in one pass. Names mean nothing here yet.

query  = all ("or" all)*            all = one*            one = ["-"] (term | "(" query ")")
term   = [name ":" | "field." name ":"] [comparison] value ("," value)*
value  = "…" (with \\" and \\\\) | bare [".." bare]
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

LONGEST = 2_000
"""Characters of a query."""

DEEPEST = 6
"""Groups and minus signs inside one another."""

MOST_FAULTS = 20

NAMING = frozenset({"sort", "no", "has"})
"""Terms whose values are names of fields."""

_SPACE = re.compile(r"\s*")
_NAME = re.compile(r"[^\W\d][\w-]*(?=:)")
_CUSTOM = re.compile(r'field\.(?:"((?:[^"\\]|\\.)*)"|([^\s()",:]*))(?=:)', re.IGNORECASE | re.DOTALL)
_NAMED_VALUE = re.compile(r'(-?field\.)"((?:[^"\\]|\\.)*)"', re.IGNORECASE | re.DOTALL)
_COMPARISON = re.compile(r"<=|>=|!=|<|>|=|~")
_BARE = re.compile(r'[^\s(),"]+')
_WORD = re.compile(r'[^\s()"]+')
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)("?)', re.DOTALL)
_OR = re.compile(r"or(?=[\s()]|$)", re.IGNORECASE)
_NESTING = re.compile(r'"(?:[^"\\]|\\.)*"?|[()]', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True)
class Fault:
    """What is wrong with a query, and where: from ``start`` up to ``end``, in characters."""

    code: str
    message: str
    start: int
    end: int
    meant: tuple[str, ...] = ()


@dataclass(frozen=True)
class Value:
    """A value as written. ``upto``: the end of a range, whose other end is ``text``; either may be empty."""

    text: str
    start: int
    end: int
    quoted: bool = False
    upto: str | None = None


@dataclass(frozen=True)
class Term:
    """``name:comparison value,value``; a word or quoted text has no name. ``custom``: what stands after ``field.``."""

    name: str | None
    comparison: str
    values: tuple[Value, ...]
    start: int
    end: int
    values_start: int
    custom: Value | None = None


@dataclass(frozen=True)
class Group:
    """All of its parts, or at least one (``any_of``); ``enclosed`` in parentheses."""

    parts: tuple[Node, ...]
    start: int
    end: int
    any_of: bool = False
    enclosed: bool = False


@dataclass(frozen=True)
class Negation:
    """What must not hold."""

    part: Node
    start: int
    end: int


Node = Term | Group | Negation


@dataclass
class Syntax:
    """A query's tree, and what could not be read."""

    root: Group
    faults: list[Fault] = field(default_factory=list)


def read_query(text: str) -> Syntax:
    """Read a query. What is wrong is told in ``faults``; the rest is read on after it."""
    if len(text) > LONGEST:
        fault = Fault("TOO_LONG", f"A query has at most {LONGEST} characters.", LONGEST, len(text))
        return Syntax(Group((), 0, 0), [fault])
    reading = _Reading(text)
    root = reading.all_parts()
    return Syntax(root, reading.faults)


class _Reading:
    """A place in a text; moves on only."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.faults: list[Fault] = []
        self._depth = 0

    def all_parts(self) -> Group:
        """The whole text. A closing parenthesis too many is told and passed over."""
        parts: list[Node] = []
        while True:
            group = self._query()
            parts.append(group)
            if self.at >= len(self.text):
                return group if len(parts) == 1 else Group(tuple(parts), 0, self.at)
            self._fault("UNEXPECTED", "There is no ( for this ).", self.at, self.at + 1)
            self.at += 1

    def _query(self) -> Group:
        start = self.at
        choices = [self._conjunction()]
        while self._skip(_OR):
            choices.append(self._conjunction())
            if not choices[-1].parts or not choices[-2].parts:
                self._fault("UNEXPECTED", "`or` stands between two conditions.", self.at - 1, self.at)
        return choices[0] if len(choices) == 1 else Group(tuple(choices), start, self.at, any_of=True)

    def _conjunction(self) -> Group:
        start = self.at
        parts: list[Node] = []
        while True:
            self._skip(_SPACE)
            if self.at >= len(self.text) or self.text[self.at] == ")" or _OR.match(self.text, self.at):
                return Group(tuple(parts), start, self.at)
            parts.append(self._one())

    def _one(self) -> Node:
        start = self.at
        if self.text[start] == "-":
            self.at += 1
            if self.at >= len(self.text) or self.text[self.at] in " \t\r\n)":
                self._fault("UNEXPECTED", "A minus stands right before what must not hold.", start, self.at)
                return Group((), start, self.at)
            part = self._deeper(self._one)
            return Negation(part, start, self.at)
        if self.text[start] == "(":
            self.at += 1
            group = self._deeper(self._query)
            if self.at < len(self.text):
                self.at += 1
            else:
                self._fault("UNCLOSED_GROUP", "This ( is never closed.", start, start + 1)
            assert isinstance(group, Group)
            return replace(group, enclosed=True)
        return self._term()

    def _deeper(self, read: object) -> Node:
        if self._depth >= DEEPEST:
            self._fault("TOO_DEEP", f"A query is nested at most {DEEPEST} deep.", self.at - 1, self.at)
            self._pass_over()
            return Group((), self.at, self.at)
        self._depth += 1
        try:
            return read()  # type: ignore[operator, no-any-return]
        finally:
            self._depth -= 1

    def _pass_over(self) -> None:
        """On to the ) that closes the group here, or to the end, without reading what is inside."""
        opened = 0
        for found in _NESTING.finditer(self.text, self.at):
            if found[0] == ")" and not opened:
                self.at = found.start()
                return
            opened += {"(": 1, ")": -1}.get(found[0], 0)
        self.at = len(self.text)

    def _term(self) -> Term:
        start = self.at
        custom = self._custom()
        name = "field" if custom else self._name()
        if name is None and self.text[self.at] != '"':
            word = _WORD.match(self.text, self.at)
            assert word is not None
            self.at = word.end()
            return Term(None, "", (Value(word[0], start, self.at),), start, self.at, start)
        if name is None:
            value = self._quoted()
            if self.at < len(self.text) and self.text[self.at] == ":":  # a name of several words
                self.at += 1
                name = value.text
            else:
                return Term(None, "", (value,), start, self.at, start)
        values_start = self.at
        comparison = _COMPARISON.match(self.text, self.at)
        if comparison:
            self.at = comparison.end()
        values = [self._value(name)]
        while self.at < len(self.text) and self.text[self.at] == ",":
            self.at += 1
            values.append(self._value(name))
        compared = comparison[0] if comparison else ""
        return Term(name, compared, tuple(values), start, self.at, values_start, custom)

    def _custom(self) -> Value | None:
        match = _CUSTOM.match(self.text, self.at)
        if match is None:
            return None
        start, self.at = self.at, match.end() + 1
        quoted = match[1] is not None
        if not (match[1] or match[2]):
            self._fault(
                "MISSING_VALUE", "The name of a field is missing here: `field.Severity`.", start, self.at
            )
        return Value(_ESCAPED.sub(r"\1", match[1]) if quoted else match[2], start, match.end(), quoted)

    def _name(self) -> str | None:
        match = _NAME.match(self.text, self.at)
        if match is None:
            return None
        self.at = match.end() + 1
        return match[0]

    def _value(self, name: str) -> Value:
        start = self.at
        named = _NAMED_VALUE.match(self.text, start) if name.lower() in NAMING else None
        if named is not None:
            self.at = named.end()
            return Value(named[1] + _ESCAPED.sub(r"\1", named[2]), start, self.at, quoted=True)
        if start < len(self.text) and self.text[start] == '"':
            return self._quoted()
        match = _BARE.match(self.text, start)
        if match is None:
            self._fault("MISSING_VALUE", "A value is missing here.", max(start - 1, 0), max(start, 1))
            return Value("", start, start)
        self.at = match.end()
        low, dots, high = match[0].partition("..")
        return Value(low, start, self.at, upto=high) if dots else Value(match[0], start, self.at)

    def _quoted(self) -> Value:
        start = self.at
        match = _QUOTED.match(self.text, start)
        assert match is not None
        self.at = match.end()
        if not match[2]:
            self._fault("UNCLOSED_QUOTE", "This quotation mark is never closed.", start, start + 1)
            self.at = len(self.text)
        return Value(_ESCAPED.sub(r"\1", match[1]), start, self.at, quoted=True)

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        match = pattern.match(self.text, self.at)
        if match is None:
            return False
        self.at = match.end()
        return True

    def _fault(self, code: str, message: str, start: int, end: int) -> None:
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(Fault(code, message, start, max(end, start)))
