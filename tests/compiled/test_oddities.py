"""What the product's schema cannot show: errors in every place, odd values and resolvers, null-bubbling."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.metrics import NOT_COMPILED
from schema.compiled.operations import KEPT_OF_A_DOCUMENT
from schema.execution import GraphQLService
from schema.requests import GraphQLRequest
from tests.compiled.oddities import SCHEMA, open_anything, open_counting
from tests.compiled.paths import Compared, Paths


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Many of the errors are bugs, each of which would be told with its traceback."""
    with capture_logs():
        yield


LEAF = "name maybe number ratio yes identity color moment day uuid anything raised mustRaised"
OF_LEAVES = [f"{{ tree {{ leaves {{ {field} }} }} }}" for field in LEAF.split()]

DOCUMENTS = [
    *OF_LEAVES,
    "{ tree { leaves { maybe color moment } } }",
    f"{{ tree {{ strictLeaves {{ {LEAF} }} name }} }}",
    "{ tree { rows strict } }",
    "{ tree { name children { name strict children { name strict grown } } } }",
    "{ tree { named { __typename name ... on Leafy { number } ... on Branch { shout } } } }",
    "{ tree { either { __typename ... on Leafy { name number } ... on Branch { name mustShout } } } }",
    "{ tree { either { ... on Named { name maybe } } } }",
    "{ tree { children { name shout later slow grown } } }",
    "{ tree { children { a: mustShout } } }",
    "{ tree { child { children { mustShout later } } name } }",
    "{ tree { child { child { name } must { name } } name } }",
    "{ tree { children { children { name } must { name } } } other: tree { name } }",
    "{ tree { children { child { must { must { name } } } } } }",
    "{ tree { children(upto: -1) { name } } again: tree { children(upto: 1) { name } } }",
    "query($n: Int! = 5) { tree { children(upto: $n) { name repeat(times: $n, word: null) } } }",
    "{ tree { repeat(times: 3) few children { few } } }",
    "{ must { name } nothing { name } tree { name } }",
    "{ must(fail: true) { name } tree { name } }",
    "query($no: Boolean! = true) { tree { maybe @skip(if: $no) ...F @include(if: $no) } } fragment F on Named { name }",
    "query($no: Boolean = true) { tree { name @include(if: $no) child { maybe @skip(if: $no) name } } }",
    "{ tree { ... { name } ... on Named { maybe } ... on Branch { child { name } child { maybe } } __typename } }",
    "{ tree { x: child { a: name } x: child { b: name } } t: __typename __schema { queryType { name } } }",
    '{ __type(name: "Branch") { name fields { name args { name defaultValue } type { kind ofType { name } } } } }',
    "mutation { a: add b: add c: grow { children { name mustShout } } d: add }",
    "mutation { a: add b: add(fail: true) c: add }",
]


class Odd(Paths):
    """Both paths over the schema of oddities."""

    def __init__(self) -> None:
        self.ordinary, self.compiled = (
            GraphQLService(
                SimpleNamespace(authenticate=None), SCHEMA,
                open_context=open_counting, open_session=open_anything, compiled=compiled,
            )
            for compiled in (False, True)
        )  # fmt: skip


async def _compare(document: str, variables: dict[str, Any] | None = None) -> Compared:
    compared = await Odd().compare(None, document, variables)
    assert compared is not None, document
    return compared


@pytest.mark.parametrize("document", DOCUMENTS)
async def test_an_odd_schema_is_answered_the_same(document: str) -> None:
    compared = await _compare(document)
    assert compared.difference() is None
    assert compared.compiled.executed


async def test_odd_answers_have_what_they_are_for() -> None:
    """Else equal answers would say nothing: values, nulls that bubbled and errors of each kind."""
    compared = await _compare("{ tree { leaves { number } children { mustShout } } }")
    assert compared.compiled.data == {"tree": None}
    compared = await _compare("{ tree { leaves { number } named { name } } }")
    leaves = compared.compiled.data["tree"]["leaves"]  # type: ignore[index]
    assert leaves[0] == {"number": 1}
    assert leaves.count(None) > 4
    codes = {error["extensions"]["code"] for error in compared.compiled.errors}
    assert codes == {"INTERNAL_SERVER_ERROR", "BAD_USER_INPUT"}
    assert ["tree", "leaves", 7, "number"] in [error["path"] for error in compared.compiled.errors]


async def test_one_object_in_several_places_fails_in_each() -> None:
    compared = await _compare("{ tree { children { shout } } }")
    paths = sorted(error["path"] for error in compared.compiled.errors)
    assert paths == [["tree", "children", at, "shout"] for at in (0, 2)]


async def test_a_mutation_that_fails_ends_the_others() -> None:
    compared = await _compare("mutation { a: add b: add(fail: true) c: add }")
    assert compared.compiled.data is None
    assert [error["path"] for error in compared.compiled.errors] == [["b"]]


@pytest.mark.parametrize(
    ("document", "variables", "reason"),
    [
        ("query($no: Boolean = true) { tree { name @include(if: $no) } }", {"no": None}, "condition"),
        ("query($no: Boolean = true) { tree @skip(if: $no) { name } }", {"no": None}, "condition"),
    ],
)
async def test_what_is_not_compiled_is_counted(document: str, variables: dict[str, Any], reason: str) -> None:
    before = NOT_COMPILED.labels(reason)._value.get()
    compared = await _compare(document, variables)
    assert compared.difference() is None
    assert compared.compiled.errors
    assert NOT_COMPILED.labels(reason)._value.get() == before + 1


async def test_each_choice_of_conditions_is_another_operation() -> None:
    """More choices than are kept, and all again: none is mistaken for another."""
    names = [f"c{number}" for number in range(6)]
    fields = " ".join(f"f{name}: name @include(if: ${name})" for name in names)
    document = f"query({', '.join(f'${name}: Boolean!' for name in names)}) {{ tree {{ {fields} maybe }} }}"
    odd = Odd()
    assert 2 ** len(names) > KEPT_OF_A_DOCUMENT
    for choice in [*range(2 ** len(names)), *range(2 ** len(names))]:
        variables = {name: bool(choice >> number & 1) for number, name in enumerate(names)}
        compared = await odd.compare(None, document, variables)
        assert compared is not None
        assert compared.difference() is None
        assert compared.compiled.data is not None
        shown = compared.compiled.data["tree"]
        assert set(shown) == {"maybe", *(f"f{name}" for name, chosen in variables.items() if chosen)}


async def test_compiled_operations_go_with_their_documents() -> None:
    odd = Odd()
    for _ in range(2):
        await odd.compare(None, "{ tree { name } }")
    prepared = odd.compiled.prepare(GraphQLRequest("{ tree { name } }", variables={}))
    compiled = odd.compiled._compiled
    assert compiled is not None
    assert compiled.find(prepared.document, prepared.executor) is compiled.find(
        prepared.document, prepared.executor
    )
