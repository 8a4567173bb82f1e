"""Whatever is done, no answer that is kept says what was before it: to nobody, of nothing that is kept.

A few mutations are tried in the suite; `LOCKSTEP_TEST_EXAMPLES=1 .venv/bin/python -m pytest tests/kept` tries all.
"""

from __future__ import annotations

import os

import pytest

from tests.kept.conftest import Processes, outcomes
from tests.kept.test_kept import BOARD
from tests.proofs import PROOFS

FEW = ("labelDelete", "projectUpdate", "teamMemberRemove")
READERS = ("owner", "member", "viewer", "guest", "colleague", "outsider")
ASKED = (
    BOARD,
    "{ projects { id name key viewerRole viewerCanUpdate } }",
    """{ tasks(first: 50) { totalCount nodes { key title version status { name } type { name } labels { name }
      assignees { name avatarUrl } parent { title } children { totalCount } project { name viewerRole } } } }""",
    """{ project(key: "ENG") { name labels { name viewerCanUpdate } taskTypes { name } statuses { name category }
      members { totalCount nodes { role user { name } } } } }""",
    '{ tasks(first: 50, query: "assignee:me") { totalCount nodes { title } } }',
)


@pytest.mark.parametrize("name", sorted(PROOFS) if os.environ.get("LOCKSTEP_TEST_EXAMPLES") else FEW)
async def test_what_is_kept_is_what_would_be_read_after_it(processes: Processes, name: str) -> None:
    one, other, forgetful = processes.all
    proof = PROOFS[name]
    await one.task("One", assigneeIds=[one.member.user_id], labelIds=[(await one.label("Kept"))["id"]])
    by = one.person("member" if "member" in proof.may else proof.may[0])
    given = await proof.prepare(one, by)
    places = {"id": one.eng["id"]}
    before = outcomes("hit")
    for _ in range(2):
        for person in READERS:
            for document in ASKED:
                await other.person(person).ask(document, places if document is BOARD else {})
    assert outcomes("hit") - before >= len(ASKED) * 2
    await by.do(name, **given)
    for person in READERS:
        for document in ASKED:
            asked = places if document is BOARD else {}
            kept = await other.person(person).ask(document, asked)
            fresh = await forgetful.person(person).ask(document, asked)
            assert kept.json.get("data") == fresh.json.get("data"), (person, document)
