"""What queries mean, and what is told of those that mean nothing."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from app.query_language.completing import suggest
from app.query_language.meaning import understand
from app.query_language.printing import print_query
from app.tasks.kept_filters import filter_to_json
from tests.query_language.test_round_trips import NAMES


def one(field: str, op: str, value: Any) -> dict[str, Any]:
    """A comparison as JSON."""
    return {"field": field, "op": op, "value": value}


OPEN = one("status_category", "nin", ["cancelled", "completed"])
MEANINGS = {
    'assignee:me status:"in PROGRESS" -label:"a \\"quote\\"" due:<7d "exact words"': {
        "all": [
            one("assignee", "me", True), one("status_id", "eq", str(UUID(int=10))),
            {"not": one("label", "eq", str(UUID(int=24)))}, one("due_date", "lt", "+7d"),
            one("text", "contains", "exact words"),
        ]
    },
    "is:open or is:overdue": {"any": [OPEN, {"all": [one("due_date", "lt", "today"), OPEN]}]},
    "status:Done": one("status_id", "in", [str(UUID(int=11)), str(UUID(int=12))]),
    "status:!=Done": one("status_id", "nin", [str(UUID(int=11)), str(UUID(int=12))]),
    "priority:urgent,high": one("priority", "in", [1, 2]),
    "priority:1..3": {"all": [one("priority", "gte", 1), one("priority", "lte", 3)]},
    "no:assignee": one("assignee", "null", True),
    "assignee:me,none": {"any": [one("assignee", "me", True), one("assignee", "null", True)]},
    "assignee:!=me": one("assignee", "me", False),
    "created:yesterday": {"all": [one("created_at", "since", "-1d"), one("created_at", "until", "-1d")]},
    "updated:>=2026-01-31T12:00Z": one("updated_at", "gte", "2026-01-31T12:00:00.000000+00:00"),
    "estimate:>0.5": one("estimate", "gt", 0.5),
    "parent:ENG-1": one("parent_id", "eq", str(UUID(int=50))),
    'title:="A title"': one("title", "eq", "A title"),
    "(a b) or -c": {
        "any": [
            {"all": [one("text", "contains", "a"), one("text", "contains", "b")]},
            {"not": one("text", "contains", "c")},
        ]
    },
    "": {"all": []},
}  # fmt: skip


@pytest.mark.parametrize("text", MEANINGS)
def test_it_means(text: str) -> None:
    meaning = understand(text, NAMES)
    assert meaning.faults == []
    assert filter_to_json(meaning.filter)["filter"] == MEANINGS[text]


WRITTEN = {
    'ASSIGNED:me  STATUS:"In Progress"   sort:-updated,title': 'assignee:me status:"In progress" sort:-updated,title',
    "due:7d": "due:+7d", "priority:1": "priority:urgent", "created:today": "created:today..today",
    "label:bug": None, "is:open": "is:open", "(a or b) sort:due": "(a or b) sort:due",
    "a or b sort:due": "(a or b) sort:due", "a sort:due or b c": "(a or (b c)) sort:due",
}  # fmt: skip


@pytest.mark.parametrize("text", WRITTEN)
def test_it_is_written(text: str) -> None:
    meaning = understand(text, NAMES)
    assert bool(meaning.faults) is (WRITTEN[text] is None)
    if not meaning.faults:
        assert print_query(meaning.filter, meaning.sort, NAMES) == WRITTEN[text]


FAULTS = {
    "lable:x": ("UNKNOWN_FIELD", 0, 7, ("label",)),
    'x status:"In progres"': ("UNKNOWN_NAME", 9, 21, ("In progress",)),
    "label:bug": ("AMBIGUOUS_NAME", 6, 9, (f"#{UUID(int=20)}", f"#{UUID(int=21)}")),
    "assignee:nobody": ("UNKNOWN_NAME", 9, 15, ()),
    "due:soon": ("BAD_VALUE", 4, 8, ()),
    "created:..": ("BAD_VALUE", 8, 10, ()),
    "created:>9999-12-31T23:59:59-10:00": ("BAD_VALUE", 9, 34, ()),
    "label:>x": ("BAD_COMPARISON", 0, 8, ()),
    "priority:9999999999": ("BAD_VALUE", 9, 19, ()),
    "is:opn": ("BAD_VALUE", 3, 6, ("open",)),
    '"never closed': ("UNCLOSED_QUOTE", 0, 1, ()),
    "(a": ("UNCLOSED_GROUP", 0, 1, ()),
    "a)": ("UNEXPECTED", 1, 2, ()),
    "(" * 60 + "a" + ")" * 60: ("TOO_DEEP", 6, 7, ()),
    "(" * 7 + 'a or (b ")")' + ")" * 7: ("TOO_DEEP", 6, 7, ()),
    "((((((-a b)))))) c": ("TOO_DEEP", 6, 7, ()),
    "status:": ("MISSING_VALUE", 6, 7, ()),
    "-sort:due": ("MISPLACED_SORT", 1, 9, ()),
    "(a or b sort:due) c": ("MISPLACED_SORT", 8, 16, ()),
    "a or sort:due": ("MISPLACED_SORT", 5, 13, ()),
    "a (sort:due)": ("MISPLACED_SORT", 3, 11, ()),
    "a or (b sort:due)": ("MISPLACED_SORT", 8, 16, ()),
    "x field.:y": ("MISSING_VALUE", 2, 9, ()),
    'field."":y': ("MISSING_VALUE", 0, 9, ()),
    "number:2147483648": ("BAD_VALUE", 7, 17, ()),
    "number:99999999999": ("BAD_VALUE", 7, 18, ()),
    "sort:colour": ("BAD_VALUE", 5, 11, ()),
    "parent:ENG-9": ("UNKNOWN_NAME", 7, 12, ()),
    "estimate:many": ("BAD_VALUE", 9, 13, ()),
    "created:!=today": ("BAD_COMPARISON", 0, 15, ()),
}


@pytest.mark.parametrize("text", FAULTS)
def test_what_is_wrong_is_told(text: str) -> None:
    [fault] = understand(text, NAMES).faults
    assert (fault.code, fault.start, fault.end, fault.meant) == FAULTS[text]


def test_too_many_conditions() -> None:
    [fault] = understand("-a " * 51, NAMES).faults
    assert fault.code == "TOO_COMPLEX"
    assert len(understand("x:1 " * 100, NAMES).faults) == 20


SUGGESTED = {
    "": ("assignee:", 0), "lab": ("label:", 0), "is:o": ("open", 3), "x status:in": ('"In progress"', 9),
    'status:"In': ('"In progress"', 7), "assignee:": ("me", 9), "status:Done,": ('"In progress"', 12),
    "-ty": ("type:", 1),
    "(pri": ("priority:", 1), "priority:u": ("urgent", 9), "sort:-up": ("-updated", 5), "no:": ("assignee", 3),
    "due:": ("today", 4), "asignee": ("assignee:", 0),
}  # fmt: skip


@pytest.mark.parametrize("text", SUGGESTED)
def test_what_is_suggested(text: str) -> None:
    found = suggest(text, len(text), NAMES)
    expected, start = SUGGESTED[text]
    assert expected in [one.text for one in found[:3]], found
    assert {one.start for one in found} == {start}
