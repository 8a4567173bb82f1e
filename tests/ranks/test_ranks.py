"""Ranks stay strictly ordered and short, whatever is inserted where."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ranks import (
    DIGITS,
    LENGTH_LIMIT,
    MalformedRank,
    UnorderedRanks,
    check_rank,
    needs_rebalance,
    rank_between,
    ranks_between,
    rebalanced,
)

LOWEST, HIGHEST = "A" + "0" * 26, "z" * 27


def assert_ascending(ranks: list[str]) -> None:
    assert all(low.encode() < high.encode() for low, high in pairwise(ranks))
    for rank in ranks:
        check_rank(rank)


@st.composite
def issued_ranks(draw: st.DrawFn) -> str:
    """Any rank of the format, far ends included."""
    width = draw(st.integers(1, 26))
    letter = draw(st.sampled_from([chr(ord("a") + width - 1), chr(ord("Z") - width + 1)]))
    digits = draw(
        st.text(DIGITS, min_size=width, max_size=width) | st.sampled_from(["0" * width, "z" * width])
    )
    fraction = draw(st.text(DIGITS, max_size=6)).rstrip("0")
    rank = letter + digits + fraction
    return rank + "1" if rank == LOWEST else rank


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(1, 5)), max_size=60))
def test_any_sequence_of_inserts_stays_strictly_ordered(inserts: list[tuple[float, int]]) -> None:
    ranks: list[str] = []
    for where, n in inserts:
        at = round(where * len(ranks))
        before = ranks[at - 1] if at else None
        after = ranks[at] if at < len(ranks) else None
        ranks[at:at] = ranks_between(before, after, n)
    assert len(ranks) == sum(n for _, n in inserts)
    assert_ascending(ranks)


@given(issued_ranks())
def test_something_fits_below_and_above_every_rank(rank: str) -> None:
    below, above = rank_between(None, rank), rank_between(rank, None)
    assert_ascending([rank_between(None, below), below, rank, above, rank_between(above, None)])


@given(issued_ranks(), issued_ranks(), st.integers(0, 200))
def test_any_number_fits_between_any_two_ranks(one: str, other: str, n: int) -> None:
    if one == other:
        with pytest.raises(UnorderedRanks):
            ranks_between(one, other, n)
        return
    low, high = sorted([one, other])
    between = ranks_between(low, high, n)
    assert len(between) == n
    assert_ascending([low, *between, high])
    with pytest.raises(UnorderedRanks):
        ranks_between(high, low, n)


@given(issued_ranks(), st.integers(0, 100))
def test_any_number_fits_at_the_open_ends(rank: str, n: int) -> None:
    below, above = ranks_between(None, rank, n), ranks_between(rank, None, n)
    assert len(below) == len(above) == n
    assert_ascending([*below, rank, *above])


def test_ten_thousand_appends_or_prepends_stay_short() -> None:
    ranks = [rank_between(None, None)]
    for _ in range(10_000):
        ranks.append(rank_between(ranks[-1], None))
    assert_ascending(ranks)
    assert max(map(len, ranks)) == 4

    ranks = [rank_between(None, None)]
    for _ in range(10_000):
        ranks.append(rank_between(None, ranks[-1]))
    assert_ascending(ranks[::-1])
    assert max(map(len, ranks)) == 4


def test_appends_follow_the_published_sequence() -> None:
    ranks = ranks_between(None, None, 62 + 62 * 62 + 1)
    assert [ranks[i] for i in (0, 1, 61, 62, -2, -1)] == ["a0", "a1", "az", "b00", "bzz", "c000"]
    assert rank_between(None, "a0") == "Zz"
    assert rank_between(None, "Z0") == "Yzz"
    assert rank_between("a0", "a1") == "a0V"
    assert rank_between("a0V", None) == "a1"
    assert rank_between(None, "a0V") == "a0"


def test_the_far_ends_still_take_more() -> None:
    assert_ascending([HIGHEST, rank_between(HIGHEST, None)])
    first = LOWEST + "1"
    assert_ascending([rank_between(None, first), first])


@pytest.mark.parametrize("toward", ["start", "end", "alternately"])
def test_inserting_at_one_place_grows_a_digit_in_five_and_is_noticed(toward: str) -> None:
    low, high, inserts = "a0", "a1", 0
    while not needs_rebalance(middle := rank_between(low, high)):
        inserts += 1
        if toward == "start" or (toward == "alternately" and inserts % 2):
            high = middle
        else:
            low = middle
    assert inserts >= 5 * (LENGTH_LIMIT - 2)
    assert len(middle) == LENGTH_LIMIT + 1


@given(st.integers(0, 5000))
def test_rebalanced_ranks_are_short_and_leave_room(n: int) -> None:
    ranks = rebalanced(n)
    assert len(ranks) == n
    assert_ascending(ranks)
    for low, high in pairwise(ranks[:50]):
        assert len(rank_between(low, high)) <= len(low)
    assert max(map(len, ranks), default=0) <= 4
    assert not any(map(needs_rebalance, ranks))


def test_ranks_between_are_evenly_spaced() -> None:
    assert ranks_between("a0", "a5", 4) == ["a1", "a2", "a3", "a4"]
    assert ranks_between("a0", "a1", 3) == ["a0F", "a0V", "a0k"]
    gaps = ranks_between("a0", "a1", 1000)
    assert max(map(len, gaps)) == 4
    numbers = [DIGITS.index(rank[2]) * 62 + DIGITS.index(rank.ljust(4, "0")[3]) for rank in gaps]
    steps = {high - low for low, high in pairwise([0, *numbers, 62 * 62])}
    assert max(steps) - min(steps) <= 1


@pytest.mark.parametrize(
    "rank",
    ["", "a", "0", "b0", "a0V0", "a00", "a-", "aé", "a0\n", "a٣", " a0", LOWEST, "z" * 26, "a0" + "0" * 9999],
)
def test_malformed_ranks_are_refused(rank: str) -> None:
    for before, after in [(rank, None), (None, rank), ("Zz", rank), (rank, "a5")]:
        with pytest.raises(MalformedRank) as caught:
            rank_between(before, after)
        assert caught.value.rank == rank
    assert issubclass(MalformedRank, ValueError)


@pytest.mark.parametrize(("before", "after"), [("a1", "a1"), ("a2", "a1"), ("a0", "Zz"), ("a0V", "a0")])
def test_unordered_neighbours_are_refused(before: str, after: str) -> None:
    with pytest.raises(UnorderedRanks) as caught:
        rank_between(before, after)
    assert (caught.value.before, caught.value.after) == (before, after)
    assert issubclass(UnorderedRanks, ValueError)


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(ValueError, match="-1"):
        ranks_between(None, None, -1)
    with pytest.raises(ValueError, match="-1"):
        rebalanced(-1)
