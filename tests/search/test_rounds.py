"""A round of the indexer: what an edit did not touch stays found, and it costs the same for one text and for many."""

from __future__ import annotations

from tests.ledger import Log
from tests.privacy.test_redaction import redact
from tests.search.test_index import content
from tests.search.test_search import indexed, search, titles
from tests.service import Service, Statements
from tests.world import World

PENDING = """
SELECT sum(gin_clean_pending_list(x.indexrelid)) FROM pg_inherits h JOIN pg_index x ON x.indrelid = h.inhrelid
JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_am m ON m.oid = i.relam
WHERE h.inhparent = 'search_documents'::regclass AND m.amname = 'gin'
"""


async def test_an_edit_leaves_what_it_did_not_touch(world: World, log: Log) -> None:
    task = await world.task(title="Alpine", description="bravely written")
    edits = (
        ({"title": "Brisk"}, {"brisk", "bravely"}),
        ({"priority": 1}, {"brisk", "bravely"}),
        ({"description": "calmly written"}, {"brisk", "calmly"}),
        ({"title": "Dense"}, {"dense", "calmly"}),
    )
    words = {"alpine", "bravely"}

    async def found() -> set[str]:
        await indexed(world.service)
        every = ("alpine", "brisk", "dense", "bravely", "calmly", "redacted")
        return {one for one in every if titles(await search(world.member, f'"{one}"'))}

    assert await found() == words
    for version, (patch, words) in enumerate(edits, 1):
        await world.member.do("taskUpdate", id=task["id"], expectedVersion=version, patch=patch)
        assert await found() == words
    misspelt = (await search(world.member, "calmlee"))["corrections"]
    assert misspelt == [{"word": "calmlee", "takenFor": ["calmly"]}], "a word of a new text is learnt"
    await redact(world.service, task["id"], "title")
    assert await found() == {"redacted", "calmly"}
    await world.member.do("taskUpdate", id=task["id"], expectedVersion=6, patch={"title": "Brisk"})
    assert await found() == {"brisk", "calmly"}
    await redact(world.service, task["id"], "sections.description")
    assert await found() == {"brisk", "redacted"}
    assert (await search(world.member, "brask"))["corrections"] == [
        {"word": "brask", "takenFor": ["brisk"]}
    ], "a word of a new title is learnt"
    assert not (await search(world.member, "calmlee"))["corrections"]
    kept = await content(log)
    await log.connection.execute("TRUNCATE search_documents, search_words, search_progress")
    await indexed(world.service)
    assert await content(log) == kept


async def _round(service: Service) -> Statements:
    with service.statements() as counted:
        await indexed(service)
    return counted


async def test_a_round_takes_a_constant_number_of_statements(
    world: World, service: Service, log: Log
) -> None:
    made = [await world.task(title=f"Task {number}", description="Words") for number in range(6)]
    made += [
        (await world.owner.do("taskCreate", projectId=world.ops["id"], title=f"Other {number}"))["task"]
        for number in range(6)
    ]
    await indexed(service)
    rounds = []
    for version, some in enumerate((made[:1], made), 1):
        for task in some:
            await world.owner.do(
                "taskUpdate", id=task["id"], expectedVersion=version if task is made[0] else 1,
                patch={"title": f"{task['title']}, edit {version}"},
            )  # fmt: skip
        rounds.append(await _round(service))
    assert len(rounds[0]) == len(rounds[1]), str(rounds[1])
    assert await log.connection.fetchval(PENDING) == 0, "no search reads what is pending"

    await world.owner.do("taskUpdate", id=made[1]["id"], expectedVersion=2, patch={"priority": 3})
    untold = await _round(service)
    assert not [text for text in untold.texts if "search_documents" in text or "JOIN tasks" in text]
    assert len(untold) < len(rounds[0])
