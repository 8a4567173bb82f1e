"""What may stand at the cursor of a query that is being typed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.query_language.custom import PREFIX, fields_called, quoted_name
from app.query_language.fields import BY_NAME, CATEGORIES, IS, NAMED, PRIORITIES, SORTS, SPECIAL, Named
from app.query_language.names import Names
from app.query_language.printing import quoted
from app.query_language.syntax import LONGEST
from app.query_language.values import Unfit, meant
from app.tasks.grammar import Kind

MOST = 10
_TYPED = re.compile(r'(?:^|[\s(])-?(?:(?P<name>field\.(?:"[^"]*"|[^\s()",:]+)|[^\W\d][\w-]*):'
                    r'(?:<=|>=|!=|<|>|=|~)?(?:[^\s,"]*,|"[^"]*",|-?field\."[^"]*",)*)?'
                    r'(?P<part>(?:-?field\.)?"[^"]*|[^\s()":,]*)$', re.IGNORECASE)  # fmt: skip
_DAYS = ("today", "tomorrow", "yesterday", "<7d", ">=-7d", "<today")


@dataclass(frozen=True)
class Suggestion:
    """``text`` may take the place of what stands from ``start`` up to the cursor."""

    text: str
    start: int


def suggest(text: str, cursor: int, names: Names) -> list[Suggestion]:
    """Completions at a cursor (in characters), best first; of names only those that the viewer sees."""
    if len(text) > LONGEST:
        return []
    typed = _TYPED.search(text[:cursor])
    if typed is None:
        return []
    part = typed["part"].replace('"', "")
    choices = _fields(names) if typed["name"] is None else _values(typed["name"], names)
    if typed["name"] is None and not part:
        choices = [choice for choice in choices if choice.endswith(":")]
    start = typed.start("part")
    return [Suggestion(choice, start) for choice in _fitting(part, choices)]


def _fitting(part: str, choices: list[str]) -> list[str]:
    """Those that begin so first, then those with such a word in them, then those that are alike."""
    low = part.casefold()
    bare = {choice: choice.replace('"', "").casefold() for choice in choices}
    begin = [choice for choice in choices if bare[choice].startswith(low)]
    within = [choice for choice in choices if low in bare[choice]]
    alike = meant(part, choices) if part else ()
    return list(dict.fromkeys([*begin, *within, *alike]))[:MOST]


def _fields(names: Names) -> list[str]:
    known = (*(one.name for one in NAMED), *SPECIAL, *_custom(names))
    return [f"{name}:" for name in known] + [f"is:{word}" for word in IS] + [PREFIX]


def _custom(names: Names) -> list[str]:
    return [f"{PREFIX}{quoted_name(name)}" for name in names.custom.names()]


def _values(written: str, names: Names) -> list[str]:
    name = written.lower()
    if name == "is":
        return list(IS)
    if name == "sort":
        return [f"{sign}{sort}" for sort in (*SORTS, *_custom(names)) for sign in ("", "-")]
    if name in ("no", "has"):
        return [one.name for one in NAMED if one.missing or one.name == "priority"] + _custom(names)
    if name.startswith(PREFIX):
        return _of_custom(written[len(PREFIX) :].replace('"', ""), names)
    named = BY_NAME.get(name)
    return [] if named is None else _values_of(named, names)


def _of_custom(written: str, names: Names) -> list[str]:
    try:
        found = fields_called(written, not written.startswith("#"), names)
    except Unfit:
        return []
    return list(dict.fromkeys(choice for named in found for choice in ["none", *_values_of(named, names)]))


def _values_of(named: Named, names: Names) -> list[str]:
    if named.kind in (Kind.ID, Kind.PERSON):
        people = ["me", "none"] if named.kind is Kind.PERSON else []
        words = names.words(named.words or "people").names() if named.field != "parent_id" else []
        return people + [quoted(word) for word in words]
    if named.kind in (Kind.DAY, Kind.MOMENT):
        return list(_DAYS)
    if named.kind is Kind.CATEGORY:
        return list(CATEGORIES)
    return list(PRIORITIES) if named.field == "priority" else []
