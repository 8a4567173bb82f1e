"""Which parts of a hit matched, as ranges in its texts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from app.db import Reader, Statement, sql
from app.search.index import asked
from app.search.languages import language_of
from app.search.terms import Term, apart

LONGEST = 20_000
"""So many characters of a text are looked at."""

SHORT = 240
"""A text up to this length is shown whole."""

_START, _STOP, _BREAK = "\x02", "\x03", "\x04"
_MARKING = re.compile(f"[{_START}{_STOP}{_BREAK}]")
_MARKS = f"StartSel={_START}, StopSel={_STOP}, FragmentDelimiter={_BREAK}, ShortWord=0"
_WHOLE = f"HighlightAll=true, {_MARKS}"
_PART = f"MaxFragments=2, MaxWords=30, MinWords=12, {_MARKS}"
# A language's own reading of a text keeps its accents: what was found without them is marked by the plain one.
_HEADLINES: Statement[Any] = sql(
    f"""
    SELECT CASE WHEN strpos(stemmed.marked, '{_START}') > 0 THEN stemmed.marked
                ELSE ts_headline('search_plain', given.text, query.asked, given.options) END AS marked
    FROM search_query($1, $2, $3, $4) AS query(asked),
         unnest($5::text[], $6::text[], $7::text[]) WITH ORDINALITY AS given(language, text, options, ordinal),
         LATERAL (SELECT ts_headline(given.language::regconfig, given.text, query.asked, given.options))
             AS stemmed(marked)
    ORDER BY given.ordinal
    """,  # noqa: S608
    "terms", "kinds", "excluded", "languages", "text_languages", "texts", "options",
)  # fmt: skip


class Piece(Protocol):
    """A text that may have matched; a title is shown ``whole`` however long it is."""

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
    if not pieces:
        return []
    texts = [_MARKING.sub(" ", unicodedata.normalize("NFC", piece.text[:LONGEST])) for piece in pieces]
    rows = await reader.rows(
        _HEADLINES, **asked(terms), text_languages=[language_of(text) for text in texts],
        texts=[apart(text) for text in texts],
        options=[_WHOLE if piece.whole or len(piece.text) <= SHORT else _PART for piece in pieces],
    )  # fmt: skip
    return [_read(row.marked, text) for row, text in zip(rows, texts, strict=True)]


def _read(marked: str, text: str) -> Marked:
    """The marks of a headline, in the text as it was written."""
    shown = ""
    ranges: list[tuple[int, int]] = []
    plain, at = apart(text), 0
    for fragment in marked.split(_BREAK):
        parts = fragment.replace(_STOP, _START).split(_START)
        at = max(plain.find("".join(parts), at), 0)
        shown += " … " if shown else ""
        for odd, part in enumerate(parts):
            written = text[at : at + len(part)]
            if odd % 2 and written:
                ranges.append((_units(shown), _units(written)))
            shown += written
            at += len(part)
    return Marked(shown, ranges)


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
