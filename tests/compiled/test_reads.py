"""Each field alone, on rows of which nothing else is fetched: a field that says too little of what it reads fails."""

from __future__ import annotations

import pytest

from tests.compiled.test_differential import Stage, stage
from tests.test_statements import fields_of

__all__ = ["stage"]

PRUNED = {
    "Task": "{ projects { tasks { nodes { FIELD } } } }",
    "Comment": (
        "{ projects { tasks(first: 9) { nodes { comments(first: 3) { nodes { FIELD } } "
        "threads(first: 3) { nodes { FIELD } } } } } }"
    ),
    "InboxItem": "{ inbox { items { nodes { FIELD } } } }",
}


@pytest.mark.parametrize("kind", PRUNED)
async def test_a_field_says_what_it_reads(stage: Stage, kind: str) -> None:
    failures = []
    for field in fields_of(kind):
        document = PRUNED[kind].replace("FIELD", field)
        for role in ("member", "owner"):
            compared = await stage.paths.compare(stage.tokens[role], document)
            assert compared is not None, document
            assert compared.ordinary.data is not None
            difference = compared.difference()
            if difference is not None or compared.compiled.errors:
                failures.append(f"{field}: {difference or compared.compiled.errors}")
    assert not failures, "\n\n".join(failures)[:3000]
