"""Generated operations (schemathesis over the whole schema): a fault of the client is always named as one.

They are those of a new person in a workspace of their own, so that the demo stays as it is.
"""

import asyncio
import os
import random
from typing import Any

import pytest
import schemathesis
from graphql import ArgumentNode, ObjectFieldNode, StringValueNode, Visitor, parse, print_ast, visit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.graphql import nodes

from tests.e2e.demo import Service

pytestmark = pytest.mark.e2e

EXAMPLES = int(os.environ.get("LOCKSTEP_TEST_FUZZ", "12"))
PLACES = """{
  projects { id scope key statuses { id } labels { id } taskTypes { id } }
  workspaces { id scope directoryScope }
  viewer { user { id } inboxScope }
  tasks(first: 20) { nodes { id key comments(first: 1) { nodes { id } } } }
}"""
PERSON = {"email": "fuzz@fuzz.example", "password": "correct horse battery"}
CLIENT_CODES = {
    "BAD_USER_INPUT", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "QUERY_TOO_COSTLY", "UNAUTHENTICATED",
    "FORBIDDEN", "NOT_FOUND", "BAD_REQUEST",
}  # fmt: skip

schemathesis.graphql.scalar(
    "UUID", st.uuids(version=4).map(str).map(nodes.String) | st.text(max_size=5).map(nodes.String)
)
schemathesis.graphql.scalar(
    "Date", st.dates().map(str).map(nodes.String) | st.just(nodes.String("2026-02-30"))
)
schemathesis.graphql.scalar("DateTime", st.datetimes().map(lambda moment: nodes.String(moment.isoformat())))
schemathesis.graphql.scalar("JSON", st.booleans().map(nodes.Boolean) | st.text(max_size=9).map(nodes.String))


class RealNames(Visitor):
    """Puts ids and keys of things that are there in the place of half of the generated ones."""

    def __init__(self, names: list[str]) -> None:
        super().__init__()
        self._names = names
        self._random = random.Random(0)

    def enter_string_value(
        self, node: StringValueNode, _key: Any, _parent: Any, _path: Any, above: Any
    ) -> Any:
        """Chooses by the name of the argument or input field that holds the text."""
        holder = next(
            (each for each in reversed(above) if isinstance(each, ArgumentNode | ObjectFieldNode)), None
        )
        name = holder.name.value.lower() if holder is not None else ""
        if name.endswith(("id", "ids", "scope", "key")) and self._random.random() < 0.5:
            return StringValueNode(value=self._random.choice(self._names))
        return None


def names_in(value: Any) -> list[str]:
    """All texts in an answer."""
    if isinstance(value, str):
        return [value]
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [name for each in inside for name in names_in(each)]


def judge(status: int, answer: Any, query: str) -> None:
    """An answer is never a 5xx, and each of its errors has a code that says what the client did."""
    assert status < 500, (status, answer, query)
    for error in answer.get("errors", ()):
        assert error["extensions"]["code"] in CLIENT_CODES, (error, query)


def fuzz(address: str, operation: Any, names: list[str], token: str) -> int:
    """Runs generated operations of one root field; how many were executed."""
    executed = 0

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy())
    def run(case: Any) -> None:
        nonlocal executed
        query = print_ast(visit(parse(case.body), RealNames(names)))
        case.body = query
        response = case.call(base_url=f"{address}/graphql", headers={"Authorization": f"Bearer {token}"})
        answer = response.json()
        judge(response.status_code, answer, query)
        executed += "data" in answer

    run()
    return executed


async def do(service: Service, token: str | None, mutation: str, wanted: str, **given: Any) -> Any:
    """What is wanted of a mutation that must be done."""
    kind = f"{mutation[0].upper()}{mutation[1:]}Input!"
    document = (
        f"mutation ($input: {kind}) {{ done: {mutation}(input: $input) {{ {wanted} errors {{ message }} }} }}"
    )
    payload = (await service.answer(document, {"input": given}, token))["done"]
    assert payload["errors"] == [], payload
    return payload[wanted.split(maxsplit=1)[0]]


async def furnish(service: Service) -> list[str]:
    """A new person's workspace, with a project, tasks and comments; the names of it all."""
    token = await do(service, None, "signUp", "accessToken", **PERSON, name="Fuzz")
    workspace = await do(service, token, "workspaceCreate", "workspace { id }", name="Fuzz")
    there = {"workspaceId": workspace["id"], "name": "Fuzz", "key": "FUZZ"}
    project = await do(service, token, "projectCreate", "project { id }", **there)
    for number in range(6):
        title = f"Task {number}"
        task = await do(service, token, "taskCreate", "task { id }", projectId=project["id"], title=title)
        await do(service, token, "commentAdd", "comment { id }", taskId=task["id"], body="A comment")
    return names_in(await service.answer(PLACES, {}, token))


async def test_generated_operations(service: Service) -> None:
    """Every field of the query and mutation roots."""
    names = await furnish(service)
    schema = await asyncio.to_thread(schemathesis.graphql.from_url, f"{service.address}/graphql")
    executed = {}
    found: Any
    for found in schema.get_all_operations():
        operation = found.ok()
        # Each with a sign-in of its own: `signOut` is among them.
        token = await do(service, None, "signIn", "accessToken", **PERSON)
        executed[operation.label] = await asyncio.to_thread(fuzz, service.address, operation, names, token)
    assert len(executed) > 40
    assert sum(executed.values()) > len(executed) * EXAMPLES / 4, (
        f"most were refused before they ran: {executed}"
    )


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (500, {"errors": [{"extensions": {"code": "INTERNAL_SERVER_ERROR"}}]}),
        (200, {"data": None, "errors": [{"extensions": {"code": "INTERNAL_SERVER_ERROR"}}]}),
        (503, {}),
    ],
)
def test_a_fault_of_ours_would_be_found(status: int, answer: Any) -> None:
    """The judge is not asleep."""
    with pytest.raises(AssertionError):
        judge(status, answer, "")
