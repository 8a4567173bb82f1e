"""`User.mention`: what a front end puts into a text so that somebody hears of it."""

import pytest

from tests.world import World

PERSON = "{ viewer { user { id version mention } } }"
INBOX = "{ inbox { items { nodes { reason actor { id } comment { id } task { id } } } } }"


@pytest.mark.parametrize("name", ["Plain", "With [brackets] in it", "Ünïcode 😀 \\ (x)"])
async def test_it_mentions_whoever_it_is_of(world: World, name: str) -> None:
    """In a comment and in a task's text, whatever the name has in it."""
    person = (await world.viewer.query(PERSON))["viewer"]["user"]
    await world.viewer.do("profileUpdate", expectedVersion=person["version"], name=name)
    mention = (await world.viewer.query(PERSON))["viewer"]["user"]["mention"]
    task = await world.task(description=f"For {mention}.")
    comment = await world.comment(task, f"{mention} too")
    items = (await world.viewer.query(INBOX))["inbox"]["items"]["nodes"]
    told = [item for item in items if item["reason"] == "MENTIONED"]
    assert [item["comment"] and item["comment"]["id"] for item in told] == [comment["id"], None]
    assert {item["task"]["id"] for item in told} == {task["id"]}
    assert {item["actor"]["id"] for item in told} == {world.member.user_id}
