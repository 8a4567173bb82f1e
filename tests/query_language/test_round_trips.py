"""A filter becomes a text, JSON or an input, and comes back as it was."""

from __future__ import annotations

import string
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from app.query_language.custom import FieldWord
from app.query_language.meaning import understand
from app.query_language.names import Names, Word, Words
from app.query_language.printing import print_query
from app.query_language.sorting import Sort
from app.query_language.syntax import DEEPEST, LONGEST, read_query
from app.tasks.grammar import MOST_CONDITIONS, TaskFilter, custom_name, normal
from app.tasks.kept_filters import filter_from_json, filter_to_json
from tests.query_language.filters import EXAMPLES, filters

ONE, OTHER = UUID(int=1), UUID(int=2)


def word(number: int, name: str, place: UUID | None = ONE) -> Word:
    """A named thing."""
    return Word(UUID(int=number), name, place)


NAMES = Names(
    statuses=Words([word(10, "In progress"), word(11, "Done"), word(12, "Done", OTHER)]),
    labels=Words([word(20, "bug"), word(21, "Bug"), word(22, "me"), word(23, "#1"), word(24, 'a "quote"')]),
    types=Words([word(30, "Task"), word(31, "none")]),
    people=Words([word(40, "Jo March", None), word(41, "Amy", None), word(42, "amy", None)]),
    custom=Words(
        [
            FieldWord(
                UUID(int=60),
                "Severity",
                ONE,
                "select",
                (word(61, "High"), word(62, "none"), word(63, "high")),
            ),
            FieldWord(UUID(int=64), "Story points", ONE, "number"),
            FieldWord(UUID(int=65), "Day", ONE, "date"),
            FieldWord(UUID(int=66), 'a "b".c:d', ONE, "user"),
            FieldWord(UUID(int=67), "Notes", ONE, "text"),
            FieldWord(UUID(int=68), "notes", ONE, "url"),
            FieldWord(UUID(int=69), "#x", ONE, "text"),
            FieldWord(UUID(int=70), "Day", OTHER, "date"),
        ],
        [FieldWord(UUID(int=71), "Gone", ONE, "multi_select", (word(72, "Low"),), True)],
    ),
    tasks={"ENG-1": UUID(int=50), "1": UUID(int=50)},
)
IDS = {
    "status_id": [UUID(int=n) for n in (10, 11, 12, 13)], "label": [UUID(int=n) for n in range(20, 26)],
    "type_id": [UUID(int=30), UUID(int=31)], "assignee": [UUID(int=n) for n in (40, 41, 42, 43)],
    "creator_id": [UUID(int=40)], "parent_id": [UUID(int=50), UUID(int=51)],
    **{
        custom_name(UUID(int=number), compared): [UUID(int=one) for one in (40, 41, 61, 62, 63, 72)]
        for number, compared in (
            (60, "option"), (64, "number"), (65, "date"), (66, "user"), (67, "text"), (68, "text"), (69, "text"),
            (70, "date"), (71, "option"), (80, "number"), (81, "text"), (82, "user"), (60, "number"),
        )
    },
}  # fmt: skip
SORTS: list[Sort] = [
    [], [("updated_at", True)], [("due_date", False), ("rank", True)],
    [(f"field:{column}:{UUID(int=number).hex}:{ONE.hex}", number % 2 > 0)
     for number, column in ((60, "place"), (64, "number"), (65, "day"), (69, "text"), (71, "place"), (80, "text"))],
]  # fmt: skip


def depth(node: TaskFilter) -> int:
    """How deep its normal form is nested."""
    return max((1 + depth(one) for one in node.nested), default=0)


@settings(max_examples=EXAMPLES)
@given(asked=filters(IDS), sort=st.sampled_from(SORTS))
def test_a_printed_filter_means_itself(asked: TaskFilter, sort: Sort) -> None:
    text = print_query(asked, sort, NAMES)
    meaning = understand(text, NAMES)
    if len(text) > LONGEST or normal(asked).size() > MOST_CONDITIONS or depth(normal(asked)) > DEEPEST:
        return
    assert meaning.faults == [], text
    assert (meaning.filter, meaning.sort) == (normal(asked), sort), text


@settings(max_examples=EXAMPLES)
@given(asked=filters(IDS))
def test_a_filter_comes_back_from_json(asked: TaskFilter) -> None:
    kept = filter_to_json(asked)
    assert filter_from_json(kept) == normal(asked)
    assert filter_to_json(filter_from_json(kept)) == kept


PIECES = st.sampled_from([
    *"()-,:<>=!\" ", " or ", "label:", "status:", "bug", '"In progress"', "due:", "today", "..", "7d", "sort:",
    "-updated",
    "is:", "open", "no:", "assignee", "me", "priority:", "high", "created:", "2026-01-01", "2026-01-01T10:00Z", "#",
    "field.", "Severity:", '"Story points":', "High", "Day:", "#x", "sort:field.", "field.Notes:", "field.#",
    "estimate:", "1.5", "title:", "parent:", "ENG-1", "😀", "ref:", "~", "text:", "number:", "category:", "started",
])  # fmt: skip


@settings(max_examples=EXAMPLES)
@given(text=st.lists(PIECES, max_size=14).map("".join) | st.text(string.printable, max_size=40))
def test_any_text_is_read(text: str) -> None:
    """It has a meaning that its normal form has too, or faults that lie within it."""
    meaning = understand(text, NAMES)
    for fault in meaning.faults:
        assert 0 <= fault.start <= fault.end <= len(text), fault
        assert fault.message
    if not meaning.faults:
        written = print_query(meaning.filter, meaning.sort, NAMES)
        again = understand(written, NAMES)
        assert (again.filter, again.sort, again.faults) == (meaning.filter, meaning.sort, [])
        assert print_query(again.filter, again.sort, NAMES) == written


def test_a_long_text_is_refused_unread() -> None:
    [fault] = read_query("(" * 100_000).faults
    assert fault.code == "TOO_LONG"
    assert {fault.code for fault in read_query("(" * LONGEST).faults} == {"TOO_DEEP", "UNCLOSED_GROUP"}
