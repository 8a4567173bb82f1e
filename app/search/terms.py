"""What somebody types into a search box, as terms."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from app.errors import BadInput
from app.search.gaps import apart
from app.search.languages import FUNCTION_WORDS

LONGEST = 200
MOST_TERMS = 12
SHORTEST_PREFIX = 2

_TOKEN = re.compile(r'(?P<minus>-)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9]*-\d{1,9}")
_INNER = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
# Scripts that are written without spaces: Han, Kana, Hangul, Thai, Lao, Khmer, Burmese.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
_COMMON = frozenset().union(*FUNCTION_WORDS.values())


class TermKind(StrEnum):
    """How a term is looked for."""

    WORD = "word"
    PHRASE = "phrase"
    BEGUN = "begun"
    PREFIX = "prefix"
    KEY = "key"


@dataclass(frozen=True)
class Term:
    """``text``: a word, the words of a phrase (BEGUN: the last may go on), the beginning of a word, or a task's key.

    ``others``: words that it may be a misspelling of.
    """

    text: str
    kind: TermKind
    excluded: bool = False
    others: tuple[str, ...] = ()


def read_terms(text: str) -> list[Term]:
    """The terms of a search: all must be there: ``"exact words"``, ``-without``, ``begin*``; the last may be a start.

    Raises ``BadInput`` if nothing is looked for, or too much.
    """
    if len(text) > LONGEST:
        raise BadInput(f"A search has at most {LONGEST} characters.")
    terms: list[Term] = []
    normal = unicodedata.normalize("NFKC", text).replace("\0", " ")
    for found in _TOKEN.finditer(normal):
        excluded = found["minus"] is not None
        if found["phrase"] is not None:
            terms += _phrase(" ".join(_INNER.findall(found["phrase"])), excluded)
        else:
            terms += _words(found["word"], excluded, last=found.end() == len(normal))
    if len(terms) > MOST_TERMS:
        raise BadInput(f"A search has at most {MOST_TERMS} words; this has {len(terms)}.")
    wanted = [term for term in terms if not term.excluded]
    if not wanted:
        raise BadInput("Say what to look for: a word, or “exact words” in quotes.")
    # Words that are everywhere tell nothing, unless there are no others.
    common = (TermKind.WORD, TermKind.PREFIX)
    telling = [term for term in wanted if term.kind not in common or term.text not in _COMMON]
    return [*(telling or wanted), *(term for term in terms if term.excluded)]


def _words(token: str, excluded: bool, *, last: bool) -> list[Term]:
    if _KEY.fullmatch(token):
        return [Term(token.lower(), TermKind.KEY, excluded)]
    # The small form of İ is two characters, the second of which is no part of a word.
    parts = _INNER.findall(token.lower().replace("i\u0307", "i"))
    # a path, a version, a word with hyphens: its parts side by side
    if len(parts) > 1 or _UNSPACED.search(token):
        return _phrase(" ".join(parts), excluded)
    unfinished = token.endswith("*") or (last and not excluded and token[-1:].isalnum())
    if parts and unfinished and parts[0].isalnum() and len(parts[0]) >= SHORTEST_PREFIX:
        return [Term(parts[0], TermKind.PREFIX, excluded)]
    return [Term(part, TermKind.WORD, excluded) for part in parts]


def _phrase(text: str, excluded: bool) -> list[Term]:
    """Words side by side. A script without spaces may go on after the last character that was typed."""
    words = spaced(text).split()
    if not words:
        return []
    if not unspaced(words[-1]):
        return [Term(" ".join(words), TermKind.PHRASE, excluded)]
    if len(words) > 1 and len(words[-2]) == 2 and unspaced(words[-2]):  # the pair says it already
        return [Term(" ".join(words[:-1]), TermKind.PHRASE, excluded)]
    if len(words) > 1:
        return [Term(" ".join(words), TermKind.BEGUN, excluded)]
    return [Term(words[0], TermKind.PREFIX, excluded)]


def unspaced(word: str) -> bool:
    """Whether it is of scripts that are written without spaces."""
    return _UNSPACED.fullmatch(word) is not None


def spaced(text: str) -> str:
    """A text as it is indexed: parts of paths and names stand apart, and scripts without spaces are cut into
    overlapping pairs and the last character, so that any part of them can be found. Letters with marks are single
    characters, as in searches.
    """
    if text.isascii():
        return apart(text).strip()
    composed = apart(unicodedata.normalize("NFKC", text))
    return _UNSPACED.sub(lambda run: f" {' '.join(_pieces(run[0]))} ", composed).strip()


def placed(text: str) -> tuple[str, Sequence[int]]:
    """A text with scripts without spaces cut into pieces, as ``spaced`` does, and of each character where it stood."""
    if not _UNSPACED.search(text):
        return text, range(len(text))
    cut: list[str] = []
    places: list[int] = []
    end = 0
    for run in _UNSPACED.finditer(text):
        cut.append(text[end : run.start()])
        places += range(end, run.start())
        for offset, piece in enumerate(_pieces(run[0]), run.start()):
            cut += [" ", piece]
            places += [offset, *range(offset, offset + len(piece))]
        end = run.end()
        cut.append(" ")
        places.append(end - 1)
    return "".join([*cut, text[end:]]), [*places, *range(end, len(text))]


def _pieces(run: str) -> list[str]:
    """Pairs of neighbours, and the last character."""
    return [run[place : place + 2] for place in range(len(run))]


def correctable(terms: Sequence[Term]) -> list[str]:
    """Words long enough to be a misspelling of another."""
    return [
        term.text
        for term in terms
        if term.kind in (TermKind.WORD, TermKind.PREFIX) and not term.excluded and len(term.text) > 3
    ]


def corrected(terms: Sequence[Term], others: dict[str, tuple[str, ...]]) -> list[Term]:
    """The terms, each with the words that it may have been meant to be."""
    return [replace(term, others=others.get(term.text, ())) for term in terms]
