"""Which parts of a hit matched, as ranges in its texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from app.db import Reader, Statement, sql
from app.search.index import asked
from app.search.languages import language_of
from app.search.terms import Term

LONGEST = 20_000
"""So many characters of a text are looked at."""

_START, _STOP = "\x02", "\x03"
_WHOLE = f"HighlightAll=true, StartSel={_START}, StopSel={_STOP}"
_PART = (
    f'MaxFragments=2, MaxWords=30, MinWords=12, FragmentDelimiter=" … ", StartSel={_START}, StopSel={_STOP}'
)
_HEADLINES: Statement[Any] = sql(
    """
    SELECT ts_headline(given.language::regconfig, given.text, query.asked, given.options) AS marked
    FROM search_query($1, $2, $3, $4) AS query(asked),
         unnest($5::text[], $6::text[], $7::text[]) WITH ORDINALITY AS given(language, text, options, ordinal)
    ORDER BY given.ordinal
    """,
    "terms", "kinds", "excluded", "languages", "text_languages", "texts", "options",
)  # fmt: skip


class Piece(Protocol):
    """A text that may have matched: of which part of the hit, and whether it is shown ``whole``."""

    @property
    def text(self) -> str: ...
    @property
    def whole(self) -> bool: ...


@dataclass(frozen=True)
class Marked:
    """A text, or the telling parts of a long one, and the ranges in it that matched (UTF-16: start, length)."""

    text: str
    ranges: list[tuple[int, int]]


async def mark(reader: Reader, terms: Sequence[Term], pieces: Sequence[Piece]) -> list[Marked]:
    """What matched in each of these texts, in one statement."""
    texts = [_clean(piece.text) for piece in pieces]
    if not texts:
        return []
    rows = await reader.rows(
        _HEADLINES, **asked(terms), text_languages=[language_of(text) for text in texts], texts=texts,
        options=[_WHOLE if piece.whole else _PART for piece in pieces],
    )  # fmt: skip
    return [_read(row.marked) for row in rows]


def _clean(text: str) -> str:
    return text[:LONGEST].replace(_START, " ").replace(_STOP, " ")


def _read(marked: str) -> Marked:
    parts: list[str] = []
    ranges: list[tuple[int, int]] = []
    length = begun = 0
    for at, piece in enumerate(marked.replace(_STOP, _START).split(_START)):
        begun = length
        parts.append(piece)
        length += len(piece.encode("utf-16-le")) // 2
        if at % 2 and piece:
            ranges.append((begun, length - begun))
    return Marked("".join(parts), ranges)
