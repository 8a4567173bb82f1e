"""Kept answers take no more room than they are given; the least recently used leave."""

from __future__ import annotations

from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from schema.kept.shelf import OVERHEAD, VARIANTS, Kept, Shelf

LIMIT = 400_000


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 5), st.integers(0, 30_000), st.booleans()), max_size=60
    )
)
def test_never_more_than_there_is_room_for(steps: list[tuple[int, int, int, bool]]) -> None:
    shelf, projects = Shelf(LIMIT), (uuid4(),)
    for question, stamp, size, look in steps:
        if look:
            place = shelf.look(question)
            for kept in place.answers.values() if place else ():
                kept.put_encoded("br", b"x" * (size // 10))
        else:
            shelf.put(question, projects, stamp, Kept(b"x" * size, 1))
        held = [kept for place in shelf._places.values() for kept in place.answers.values()]
        assert shelf.size == sum(kept.size for kept in held) <= LIMIT
        assert all(len(place.answers) <= VARIANTS for place in shelf._places.values())


def test_the_least_recently_used_leave() -> None:
    shelf, projects = Shelf(25 * OVERHEAD), (uuid4(),)
    for question in range(25):
        shelf.put(question, projects, "stamp", Kept(b"", 1))
    assert shelf.look(0)
    shelf.put("more", projects, "stamp", Kept(b"", 1))
    assert shelf.look(0)
    assert not shelf.look(1)


def test_other_projects_are_another_answer() -> None:
    shelf = Shelf(LIMIT)
    shelf.put("question", (uuid4(),), "stamp", Kept(b"one", 1))
    shelf.put("question", (uuid4(),), "other", Kept(b"two", 1))
    place = shelf.look("question")
    assert place
    assert list(place.answers) == ["other"]


def test_a_compressed_form_of_what_has_left_is_not_kept() -> None:
    shelf = Shelf(LIMIT)
    kept = Kept(b"x" * 5000, 1)
    shelf.put("question", (uuid4(),), "stamp", kept)
    shelf.put("question", (uuid4(),), "stamp", Kept(b"", 1))
    kept.put_encoded("br", b"y")
    assert not kept.encoded
    assert shelf.size == OVERHEAD
