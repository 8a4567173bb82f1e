"""Which parts of a hit matched, as ranges in its texts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from app.db import Reader
from app.search.gaps import apart
from app.search.index import asked
from app.search.languages import language_of
from app.search.terms import Term, TermKind, placed, unspaced
from app.statements import Statement, sql

LONGEST = 20_000
"""So many characters of a text are looked at."""

SHORT = 240
"""A text up to this length is shown whole."""

_START, _STOP, _BREAK = "\x02", "\x03", "\x04"
_MARKING = re.compile(f"[{_START}{_STOP}{_BREAK}]")
_MARKS = f"StartSel={_START}, StopSel={_STOP}, FragmentDelimiter={_BREAK}, ShortWord=0"
_WHOLE = f"HighlightAll=true, {_MARKS}"
_PART = f"MaxFragments=2, MaxWords=30, MinWords=12, {_MARKS}"
# A language's own reading of a text keeps its accents and leaves out common words: the plain one marks these too, in
# the same parts of the text.
_HEADLINES: Statement[Any] = sql(
    f"""
    SELECT CASE WHEN strpos(stemmed.marked, '{_START}') > 0 THEN stemmed.marked
                ELSE ts_headline('search_plain', given.text, query.asked, given.options) END AS marked,
           ts_headline('search_plain', translate(stemmed.marked, '{_START}{_STOP}', ''), query.asked, '{_WHOLE}')
               AS as_written
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
    cut = [placed(apart(text)) for text in texts]
    # The words of a phrase are marked as other words are, by their stems too.
    words = [replace(one, kind=TermKind.WORD) if one.kind == TermKind.PHRASE else one for one in terms]
    rows = await reader.rows(
        _HEADLINES, **asked(words), text_languages=[language_of(text) for text in texts],
        texts=[plain for plain, _ in cut],
        options=[_WHOLE if piece.whole or len(piece.text) <= SHORT else _PART for piece in pieces],
    )  # fmt: skip
    begun = _begun(terms)
    return [
        _read(_both(row.marked, row.as_written), text, *one, begun)
        for row, text, one in zip(rows, texts, cut, strict=True)
    ]


def _both(marked: str, other: str) -> str:
    """The marks of two headlines of one text; of the first alone if the texts differ."""
    (text, first), (same, second) = _marks(marked), _marks(other)
    if text != same or first == second:
        return marked
    joined = "".join(
        f"{_START}{char}{_STOP}" if at in first or at in second else char for at, char in enumerate(text)
    )
    return joined.replace(f"{_STOP}{_START}", "")


def _marks(marked: str) -> tuple[str, set[int]]:
    """A headline without its marks, and the places of the characters in them."""
    text = ""
    places: set[int] = set()
    for odd, part in enumerate(marked.replace(_STOP, _START).split(_START)):
        if odd % 2:
            places.update(range(len(text), len(text) + len(part)))
        text += part
    return text, places


def _begun(terms: Sequence[Term]) -> Callable[[str], bool]:
    """Of a word that matched: whether only its first character was asked for, of a script without spaces."""
    single = {one.text.split()[-1] for one in terms if one.kind in (TermKind.PREFIX, TermKind.BEGUN)}
    whole = {word for one in terms for word in one.text.split()}
    return lambda word: len(word) == 2 and word[0] in single and word not in whole and unspaced(word)


def _read(marked: str, text: str, plain: str, places: Sequence[int], begun: Callable[[str], bool]) -> Marked:
    """The marks of a headline, in the text as it was written; ``places``: where it has the headline's characters."""
    shown = ""
    ranges: list[tuple[int, int]] = []
    at = 0
    for fragment in marked.split(_BREAK):
        parts = fragment.replace(_STOP, _START).split(_START)
        at = max(plain.find("".join(parts), at), 0)
        shown += " … " if shown else ""
        first = end = places[at] if at < len(places) else len(text)
        for odd, part in enumerate(parts):
            if part:
                start, end = places[at], places[at + len(part) - 1] + 1
                if odd % 2:
                    _add(ranges, len(shown) + start - first, 1 if begun(part) else end - start)
            at += len(part)
        shown += text[first:end]
    return Marked(shown, [(_units(shown[:start]), _units(shown[start:end])) for start, end in ranges])


def _add(ranges: list[tuple[int, int]], start: int, length: int) -> None:
    """One more, as start and end; pairs of one run are one range together."""
    end = start + length
    if ranges and start < ranges[-1][1]:
        start = ranges.pop()[0]
    ranges.append((start, end))


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
