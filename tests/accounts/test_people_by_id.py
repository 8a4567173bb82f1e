"""`node(id:)` of a person: oneself, colleagues and the members of one's projects, nobody else."""

import pytest

from tests.world import World

NAME = "query($id: ID!) { node(id: $id) { __typename ... on User { id name } } }"
# Who looks up whom, and is answered.
KNOWN = {
    ("member", "member"), ("member", "colleague"), ("member", "guest"), ("guest", "guest"), ("guest", "member"),
    ("outsider", "outsider"),
}  # fmt: skip
UNKNOWN = {("guest", "colleague"), ("member", "outsider"), ("outsider", "member"), ("guest", "outsider")}


@pytest.mark.parametrize(("viewer", "person"), sorted(KNOWN | UNKNOWN))
async def test_who_may_look_up_whom(world: World, viewer: str, person: str) -> None:
    user_id = world.person(person).user_id
    node = (await world.person(viewer).query(NAME, id=user_id))["node"]
    told = {"__typename": "User", "id": user_id, "name": person.capitalize()}
    assert node == (told if (viewer, person) in KNOWN else None)


async def test_a_conflict_of_a_profile_shows_it_as_it_is(world: World) -> None:
    """`current` of the refusal is the person."""
    await world.member.do("profileUpdate", expectedVersion=1, name="Renamed")
    payload = await world.member.answer(
        "profileUpdate",
        "errors { ... on VersionConflict { currentVersion current { id ... on User { name } } } }",
        expectedVersion=1, name="Again",
    )  # fmt: skip
    current = {"id": world.member.user_id, "name": "Renamed"}
    assert payload["errors"][-1]["current"] == current
