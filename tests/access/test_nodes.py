"""Every kind of node, in every place, for everybody: as the oracle says, and hidden equals missing."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from graphql import GraphQLInterfaceType

from tests.access.alike import check_alike, many_nodes
from tests.access.conftest import Access
from tests.access.oracle import Thing
from tests.access.places import PERSONS
from tests.access.views import HIDDEN, differences, view_of, without_viewer

LONGEST = 60_000
"""Of a document, in characters: the service reads 100,000."""

LIKE_OTHERS = ("OPS", "OPN", "ELS")
"""Places whose things are looked at less closely: SEC and ENG have the same."""


def nodes_of(access: Access) -> list[Thing]:
    """The first thing of each kind of node in each place."""
    node = access.fields.schema.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    kinds = {one.name for one in access.fields.schema.get_possible_types(node)}
    found = [thing for thing in access.oracle.things() if thing.kind in kinds]
    assert {thing.kind for thing in found} == kinds, "one of each kind of node is somewhere"
    return found


@pytest.mark.parametrize("person", PERSONS)
async def test_what_is_hidden_is_like_what_is_missing(access: Access, person: str) -> None:
    await prove_nodes_hidden(access, person)


async def prove_nodes_hidden(access: Access, person: str) -> None:
    """Nothing of the hidden is shown, by `node` and by `nodes`; the answers are those for missing ids."""
    client, hidden = access.person(person), hidden_from(access, person)
    for things, document, given in asking_for(access, hidden):
        answer = await client.query(document, **given)
        shown = [thing for thing, one in zip(things, answer.values(), strict=True) if one is not None]
        assert not shown, f"shown to {person}: {shown}"
        await check_alike(access.service, client, document, {}, given)
    listed = "query($a: ID!, $b: ID!) { nodes(ids: [$a, $b]) { __typename id } }"
    for thing in hidden:
        await check_alike(access.service, client, listed, {"b": client.user_id}, {"a": thing.id})
    access.check()


def hidden_from(access: Access, person: str) -> list[Thing]:
    """The nodes that somebody does not see."""
    return [thing for thing in nodes_of(access) if not access.oracle.sees(person, thing)]


def asking_for(access: Access, things: list[Thing]) -> Iterator[tuple[list[Thing], str, dict[str, str]]]:
    """All of them with all their fields: in as few queries as can be, each with its things and variables."""
    left = [(thing, access.fields.whole(thing.kind, 0)) for thing in things]
    while left:
        sizes = itertools.accumulate(len(selection) + 50 for _, selection in left)
        some = max(1, sum(size <= LONGEST for size in sizes))
        part, left = left[:some], left[some:]
        document = many_nodes([(thing.kind, selection) for thing, selection in part])
        given = {f"x{number}": thing.id for number, (thing, _) in enumerate(part)}
        yield [thing for thing, _ in part], document, given


async def test_what_is_shown_is_what_the_owner_is_shown(access: Access) -> None:
    """Every field of every visible node, one step deep: equal, but for what hangs on who asks."""
    failures = []
    for thing in nodes_of(access):
        document = access.fields.node(thing.kind, 0 if thing.place in LIKE_OTHERS else 1)
        whole = (await access.person("owner").query(document, id=thing.id))["node"]
        for person, client in access.people().items():
            if not access.oracle.sees(person, thing):
                continue
            answer = (await client.query(document, id=thing.id))["node"]
            if answer is None:
                failures.append(f"{thing} is not shown to {person}")
            elif whole is not None:
                wanted = view_of(access.oracle, person, whole)
                assert wanted is not HIDDEN
                found = differences(wanted, without_viewer(answer))
                failures += [f"{person}: {thing.kind} of {thing.place}{one}" for one in found]
    assert not failures, "\n".join(failures)
    access.check()
