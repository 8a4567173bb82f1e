"""An object of which only fragments on other types are selected is an empty one."""

from __future__ import annotations

from tests.world import World


async def test_only_fragments_on_other_types(world: World) -> None:
    document = """mutation { signUp(input: {email: "", password: "", name: ""}) {
      errors { ... on VersionConflict { currentVersion } }
    } }"""
    assert (await world.nobody.query(document))["signUp"]["errors"] == [{}]
