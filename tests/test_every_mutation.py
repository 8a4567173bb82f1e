"""What every mutation keeps, for each that the schema has."""

from __future__ import annotations

from typing import Any

import pytest

from tests import selections
from tests.client import JSON, Client
from tests.invariants import kind_of, missing, one_effect, refused_unchanged, verify_events
from tests.ledger import Log
from tests.proofs import APART, PROOFS, scope_of, versioned
from tests.proving import Proof
from tests.world import PEOPLE, World

assert selections.SCHEMA.mutation_type is not None
MUTATIONS = sorted(selections.SCHEMA.mutation_type.fields)

every_mutation = pytest.mark.parametrize("name", sorted(PROOFS))


def test_every_mutation_has_its_proofs() -> None:
    assert set(MUTATIONS) == PROOFS.keys() | APART


def changed(given: JSON, changes: JSON) -> JSON:
    """The input with other values; `missing` stands for the id of nothing."""
    found: JSON = dict(given)
    for name, value in changes.items():
        if value == "missing":
            old = found[name]
            found[name] = [missing(old[0])] if isinstance(old, list) else missing(old)
        else:
            found[name] = value
    return found


def sender(world: World, proof: Proof) -> Client:
    """Who sends it, where it does not matter: the member if they may."""
    return world.person("member" if "member" in proof.may else proof.may[0])


@every_mutation
async def test_its_events_fold_to_the_refetched_state(world: World, log: Log, name: str) -> None:
    proof = PROOFS[name]
    by = sender(world, proof)
    given = await proof.prepare(world, by)
    kinds: list[str] = []
    verifying: list[Any] = []
    for scope_name in proof.scopes:
        verifier, scope = scope_of(world, scope_name)
        verifying.append(verify_events(verifier, scope))
    verified = [await one.__aenter__() for one in verifying]
    payload = await by.do(name, **given)
    for one in reversed(verifying):
        await one.__aexit__(None, None, None)
    kinds = [kind for one in verified for kind in one.kinds]
    assert tuple(kinds) == proof.kinds
    assert payload["positions"] or name in ("profileUpdate", "workspaceCreate")
    await log.check_order()


@every_mutation
async def test_who_may_and_who_is_told_what(world: World, log: Log, name: str) -> None:
    proof = PROOFS[name]
    given = await proof.prepare(world, sender(world, proof))
    nobody = await world.nobody.ask(
        f"mutation($input: {_input_type(name)}) {{ {name}(input: $input) {{ errors {{ code }} }} }}",
        {"input": given},
    )
    assert nobody.codes == ["UNAUTHENTICATED"]
    for person in PEOPLE:
        if person not in proof.may and name not in ("profileUpdate", "workspaceCreate"):
            error = await refused_unchanged(log, world.person(person).refused(name, **given))
            told = "PERMISSION_DENIED" if person in proof.sees else "NOT_FOUND"
            assert error["code"] == told, (person, error)
    by = sender(world, proof)
    assert (await by.answer(name, **given))["errors"] == []


def _input_type(name: str) -> str:
    assert selections.SCHEMA.mutation_type is not None
    return str(selections.SCHEMA.mutation_type.fields[name].args["input"].type)


@pytest.mark.parametrize(
    ("name", "person"), [(name, person) for name in sorted(PROOFS) for person in PROOFS[name].may[1:]]
)
async def test_everyone_who_may_can(world: World, name: str, person: str) -> None:
    by = world.person(person)
    await by.do(name, **await PROOFS[name].prepare(world, by))


@every_mutation
async def test_a_refusal_changes_nothing_and_a_retry_has_one_effect(
    world: World, log: Log, name: str
) -> None:
    proof = PROOFS[name]
    by = sender(world, proof)
    given = await proof.prepare(world, by)
    error = await refused_unchanged(log, by.refused(name, **changed(given, proof.wrong)))
    assert error["code"] == proof.code, error
    await one_effect(log, by, name, given, changed(given, proof.other))
    await log.check_order()


@pytest.mark.parametrize("name", [name for name in sorted(PROOFS) if versioned(name)])
async def test_a_stale_version_never_overwrites(world: World, log: Log, name: str) -> None:
    proof = PROOFS[name]
    by = sender(world, proof)
    given = await proof.prepare(world, by)
    document = f"mutation($input: {_input_type(name)}) {{ {name}(input: $input) {{ errors {{ code }} }} }}"
    without = {key: value for key, value in given.items() if key != "expectedVersion"}
    assert (await by.ask(document, {"input": without})).codes == ["BAD_USER_INPUT"] or (
        await refused_unchanged(log, by.refused(name, **without))
    )["code"] == "VALIDATION_FAILED"
    stale = {**given, "expectedVersion": given["expectedVersion"] - 1}
    if stale["expectedVersion"] > 0 and kind_of(given.get("id", "")) in ("Task", "Comment"):
        stale["onConflict"] = "REJECT"
    error = await refused_unchanged(log, by.refused(name, **stale))
    assert error["code"] in ("VERSION_CONFLICT", "VALIDATION_FAILED"), error
