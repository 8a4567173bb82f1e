"""How fast a socket may send: what the library works out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from pyrate_limiter import GCRA, Rate

from schema.doors.pace import BURST, FULL, Pace


@given(
    per_second=st.integers(1, 50),
    pauses=st.lists(st.sampled_from([0.0, 0.001, 0.02, 0.5, 3.0]), max_size=300),
)
def test_it_is_the_librarys(per_second: int, pauses: list[float]) -> None:
    now = 1_000.0
    pace, library = Pace(per_second, lambda: now), GCRA()
    rates = [Rate(per_second, 1000, BURST * per_second)]
    ours, theirs = FULL, FULL
    for pause in pauses:
        now += pause
        after = pace.step(ours)
        expected, decision = library.step(rates, theirs, int(now * 1000), 1)
        assert (after is not None) == decision.allowed
        ours, theirs = after or ours, expected
        assert ours == theirs
