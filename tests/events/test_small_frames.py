"""What an edit costs those who look on: its own size, not that of what was edited."""

from __future__ import annotations

from tests.world import World

SMALL = """kind reason more position { seq cursor } events { __typename id seq objectId objectVersion actor { id }
  changes { __typename ... on ValueChange { field old new }
  ... on TextChange { field baseHash resultHash edits { at removed inserted } } } }"""

TEXT = "A line of the description, as long as lines are.\n" * 2000


async def test_a_one_field_edit_in_a_project_of_two_megabytes(world: World) -> None:
    """The project is 21 descriptions of 98 kB; the frame of a rename or of one word is below 1 kB."""
    tasks = [await world.task(f"Task {number}", description=TEXT) for number in range(21)]
    assert sum(len(TEXT) for _ in tasks) > 2_000_000
    async with world.viewer.socket() as one, world.manager.socket() as other:
        streams = [await socket.follow(world.eng["scope"], selection=SMALL) for socket in (one, other)]
        seq = streams[0].seq
        edits = ({"title": "Renamed"}, {"description": TEXT.replace("line", "word", 1)}, {"priority": 1})
        for number, patch in enumerate(edits, 1):
            await world.member.do("taskUpdate", id=tasks[0]["id"], expectedVersion=number, patch=patch)
            for stream in streams:
                await stream.until(seq + number)
        for stream in streams:
            sizes = stream.socket.sizes[stream.identifier][1:]
            assert len(sizes) == len(edits)
            assert max(sizes) <= 1000, sizes
