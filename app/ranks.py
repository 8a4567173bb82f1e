"""Ranks: strings whose byte order (COLLATE "C") is the order of rows, issued by the server only.

The published scheme of fractional indexing (David Greenspan, "Implementing Fractional Indexing", after
Figma's "Realtime editing of ordered sequences"; same format as its reference code): a whole part whose first
letter tells its sign and length, then a fraction that never ends in "0", in base 62. So appending counts up,
"a0", "a1" … "az", "b00" … "bzz", "c000", instead of growing by a digit. It differs in one choice: between two
neighbours it takes the middle of the shortest ranks that fit, also where whole parts differ.

A rank is handled as a number: its whole part, and its fraction at a precision of so many digits.
"""

import re
from typing import Final

DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
RADIX: Final[int] = len(DIGITS)
# Inserting again and again at one place costs a digit every five times: 230 times to get here, at least.
LENGTH_LIMIT: Final = 48

_VALUES: Final = {digit: value for value, digit in enumerate(DIGITS)}
_FORM: Final = re.compile(r"([A-Za-z])([0-9A-Za-z]+)", re.ASCII)
_LETTERS: Final = 26  # "a" + 1 digit … "z" + 26 digits upward, "Z" + 1 digit … "A" + 26 digits downward
# How many whole parts there are up to each count of digits: 0, 62, 62 + 62², …
_REACH: Final[list[int]] = [
    sum(RADIX**width for width in range(1, widest + 1)) for widest in range(_LETTERS + 1)
]
_LOWEST: Final[int] = -_REACH[_LETTERS]  # never issued alone: nothing would fit below it
_PAST_HIGHEST: Final[int] = _REACH[_LETTERS]
# Free places around each of freshly spaced ranks, so that the next insertions need no fraction.
_SPACING: Final = 8


class MalformedRank(ValueError):
    """Not a rank this module issues."""

    def __init__(self, rank: str) -> None:
        super().__init__(f"not a rank: {rank[:80]!r}")
        self.rank = rank


class UnorderedRanks(ValueError):
    """The rank meant to come first does not: they are equal or swapped, so nothing fits between."""

    def __init__(self, before: str, after: str) -> None:
        super().__init__(f"{before[:80]!r} does not come before {after[:80]!r}")
        self.before = before
        self.after = after


def rank_between(before: str | None, after: str | None) -> str:
    """A rank strictly after `before` and strictly before `after`; None is the open end of the list.

    Raises MalformedRank and UnorderedRanks, both ValueErrors.
    """
    return ranks_between(before, after, 1)[0]


def ranks_between(before: str | None, after: str | None, n: int) -> list[str]:
    """`n` ascending ranks between two neighbours: evenly spaced, or counting away from the one there is.

    Raises MalformedRank and UnorderedRanks, both ValueErrors, and ValueError for a negative `n`.
    """
    if n < 0:
        raise ValueError(f"cannot issue {n} ranks")
    low = None if before is None else _parse(before)
    high = None if after is None else _parse(after)
    if before is not None and after is not None and before >= after:
        raise UnorderedRanks(before, after)
    if high is None:
        first = 0 if low is None else low[0] + 1
        if first + n <= _PAST_HIGHEST:
            return [_whole(first + i) for i in range(n)]
    elif low is None:
        last = high[0] if high[1] else high[0] - 1
        if last - n >= _LOWEST:
            return [_whole(last - i) for i in reversed(range(n))]
    return _spread(low or (_LOWEST, ""), high or (_PAST_HIGHEST, ""), n)


def rebalanced(n: int) -> list[str]:
    """`n` short ascending ranks, evenly spaced with room between, to replace a list's ranks; 4 letters for
    20,000 rows. Raises ValueError for a negative `n`."""
    if n < 0:
        raise ValueError(f"cannot issue {n} ranks")
    width = next(width for width in range(1, _LETTERS + 1) if RADIX**width >= n * _SPACING)
    letter = DIGITS[_VALUES["a"] + width - 1]
    # the middle of each of n equal parts
    return [letter + _digits((2 * i + 1) * RADIX**width // (2 * n), width) for i in range(n)]


def needs_rebalance(rank: str) -> bool:
    """Whether the rank has grown past LENGTH_LIMIT, so that its whole list should get `rebalanced` ranks."""
    return len(rank) > LENGTH_LIMIT


def respread(ranks: list[str], before: str | None, after: str | None, most: int) -> dict[int, str]:
    """New ranks for up to ``most`` places of an ascending list, towards all of it evenly spaced between two others.

    Each step leaves the list ascending: what moves up is moved from the upper end of its run, what moves down from the
    lower one. Applied again and again it comes to an end: nothing is left to do.
    """
    wanted = ranks_between(before, after, len(ranks))
    first = next((i for i, rank in enumerate(ranks) if rank != wanted[i]), len(ranks))
    end = first
    while (
        end < len(ranks)
        and ranks[end] != wanted[end]
        and (wanted[end] > ranks[end]) == (wanted[first] > ranks[first])
    ):
        end += 1
    rises = first < len(ranks) and wanted[first] > ranks[first]
    chosen = range(max(first, end - most), end) if rises else range(first, min(end, first + most))
    return {i: wanted[i] for i in chosen}


def check_rank(rank: str) -> None:
    """Raise MalformedRank unless this module could have issued the rank."""
    _parse(rank)


def _parse(rank: str) -> tuple[int, str]:
    """The whole part as a number, and the digits of the fraction."""
    match = _FORM.fullmatch(rank)
    if match is None:
        raise MalformedRank(rank)
    letter, digits = match.groups()
    rises = letter >= "a"
    width = ord(letter) - ord("a") + 1 if rises else ord("Z") - ord(letter) + 1
    fraction = digits[width:]
    if len(digits) < width or fraction.endswith("0"):
        raise MalformedRank(rank)
    whole = _number(digits[:width]) + (_REACH[width - 1] if rises else -_REACH[width])
    if whole == _LOWEST and not fraction:
        raise MalformedRank(rank)
    return whole, fraction


def _whole(number: int) -> str:
    """The rank with this whole part and no fraction."""
    if number >= 0:
        width = next(width for width in range(1, _LETTERS + 1) if number < _REACH[width])
        return chr(ord("a") + width - 1) + _digits(number - _REACH[width - 1], width)
    width = next(width for width in range(1, _LETTERS + 1) if number >= -_REACH[width])
    return chr(ord("Z") - width + 1) + _digits(number + _REACH[width], width)


def _spread(low: tuple[int, str], high: tuple[int, str], n: int) -> list[str]:
    """`n` evenly spaced ranks strictly between, with the fewest fraction digits that hold them all."""
    precision = 0
    floor, ceiling = low[0], high[0] + bool(high[1])
    while ceiling - floor <= n:
        precision += 1
        # cut off below, rounded up above: what lies strictly between these does so between the neighbours
        floor = _scaled(low, precision)
        ceiling = _scaled(high, precision) + (len(high[1]) > precision)
    room = ceiling - floor
    return [_joined(floor + room * (i + 1) // (n + 1), precision) for i in range(n)]


def _scaled(rank: tuple[int, str], precision: int) -> int:
    whole, fraction = rank
    shift: int = RADIX**precision
    return whole * shift + _number(fraction[:precision].ljust(precision, "0"))


def _joined(scaled: int, precision: int) -> str:
    whole, fraction = divmod(scaled, RADIX**precision)
    return _whole(whole) + _digits(fraction, precision).rstrip("0")


def _number(digits: str) -> int:
    number = 0
    for digit in digits:
        number = number * RADIX + _VALUES[digit]
    return number


def _digits(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, value = divmod(number, RADIX)
        digits.append(DIGITS[value])
    return "".join(reversed(digits))
