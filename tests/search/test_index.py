"""The index is what the log says: kept while people write, and the same when it is made anew."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.config import Settings
from app.search.gaps import apart
from app.search.index import Document, PostgresIndex
from app.search.indexing import Indexer
from app.search.languages import language_of
from app.search.terms import placed, read_terms, spaced
from app.work import Work
from tests.client import PATIENCE_SECONDS
from tests.conftest import Template
from tests.databases import Databases
from tests.exchange.test_uploads import sent
from tests.ledger import Log
from tests.privacy.test_redaction import redact
from tests.search.test_search import indexed, search, titles
from tests.service import Doors, serve
from tests.world import World, uuids

CONTENT = "SELECT project_id, id, task_id, kind, language, title::text, words::text FROM search_documents ORDER BY id"


async def content(log: Log) -> list[tuple[object, ...]]:
    return [tuple(row) for row in await log.connection.fetch(CONTENT)]


async def test_made_anew_it_is_the_same(world: World, log: Log) -> None:
    tasks = [
        await world.task(title=f"Task of zone {number}", description="Über alles") for number in range(4)
    ]
    await indexed(world.service)
    for number, task in enumerate(tasks):
        comment = await world.comment(task, f"Said {number}")
        await world.member.do("commentUpdate", id=comment["id"], expectedVersion=1, body=f"Meant {number}")
    await world.member.do("taskDelete", id=tasks[0]["id"], expectedVersion=1)
    await world.member.do("taskTransfer", id=tasks[1]["id"], expectedVersion=1, projectId=world.ops["id"])
    long = await world.task(title="A long one", description="word and word " * 1_000)
    # Titles over texts that stay: in the same language, and in another one.
    for version, title in enumerate(("Renamed alles", "Renamed again, and this is the last of it"), 1):
        for task in (tasks[2], long):
            await world.member.do(
                "taskUpdate", id=task["id"], expectedVersion=version, patch={"title": title}
            )
        await indexed(world.service)
    kept = await content(log)
    assert len(kept) == 7
    await log.connection.execute("TRUNCATE search_documents, search_words, search_progress")
    await indexed(world.service)
    assert await content(log) == kept


TIMES = """
SELECT bool_and(tsvector_to_array(words) @> search_times('w', workspace_id, changed_at)
       AND tsvector_to_array(words) @> search_times('p', project_id, changed_at)) FROM search_documents
"""


async def test_when_a_text_changed_is_in_its_words(world: World, log: Log) -> None:
    """As the functions that look for it tell times."""
    for number in range(3):
        await world.task(title=f"Task {number}")
    await indexed(world.service)
    assert await log.connection.fetchval(TIMES)


async def test_no_file_makes_a_text_of_another_age(world: World, log: Log) -> None:
    """Else the windows of time in which texts are looked for would be too many for one query."""
    rows = "title,updated\nA zone of old,0001-01-02T00:00:00Z\nA zone to come,9999-12-31T23:59:59Z\n"
    rows += "A zone for ever,0001-01-01T00:00:00Z\n"  # which the driver takes for no moment at all
    _, told = await sent(world.owner, f"/imports/projects/{world.eng['id']}", rows, "text/csv")
    assert (told[-1]["type"], told[-1]["counts"]["created"]) == ("done", 3)
    unread = [line["line"] for line in told if line.get("field") == "updated_at"]
    assert unread == [4]
    await indexed(world.service)
    times = "SELECT min(changed_at) >= '1970-01-01' AND max(changed_at) <= now() FROM search_documents"
    assert await log.connection.fetchval(times)
    assert len(titles(await search(world.member, "zone"))) == 3


async def test_a_project_that_cannot_be_indexed_holds_up_no_other(world: World, log: Log) -> None:
    """What goes together goes apart where one of it fails."""
    await world.task(title="In one")
    await world.owner.do("taskCreate", projectId=world.ops["id"], title="In the other")
    bad = uuids(world.eng["id"])[0]

    class Failing(PostgresIndex):
        async def put(self, work: Work, documents: Sequence[Document]) -> None:
            if any(one.project_id == bad for one in documents):
                raise ValueError("a text that cannot be indexed")
            await super().put(work, documents)

    with pytest.raises(ValueError, match="cannot be indexed"):
        await Indexer(Failing()).catch_up(world.service.application.store)
    kept = {
        row["project_id"] for row in await log.connection.fetch("SELECT project_id FROM search_documents")
    }
    assert uuids(world.ops["id"])[0] in kept
    assert bad not in kept


async def test_what_is_redacted_is_not_even_guessed_at(world: World, log: Log) -> None:
    task = await world.task(title="Codename Zanzibar")
    await indexed(world.service)
    await redact(world.service, task["id"], "title")
    await indexed(world.service)
    for asked in ("zanzibar ", "zanzibaar "):
        found = await search(world.member, asked)
        assert (titles(found), found["corrections"]) == ([], [])
    assert not await log.connection.fetchval(
        "SELECT EXISTS (SELECT FROM search_words WHERE word = 'zanzibar')"
    )


async def test_new_text_is_found_soon(
    doors: Doors, databases: Databases, template: Template, make_settings: Callable[..., Settings]
) -> None:
    async with databases.copy_of(template.database) as database:
        indexing = make_settings(database, search_indexing=True)
        async with serve(doors, indexing) as one, serve(doors, make_settings(database)) as other:
            by_one, by_other = World(one, template.kept), World(other, template.kept)
            await by_one.task(title="Committed here")
            await by_other.task(title="Committed there")  # by a process that indexes nothing
            async with asyncio.timeout(PATIENCE_SECONDS):
                while len(titles(await search(by_other.member, "committed"))) < 2:
                    pass


@settings(deadline=None, max_examples=200, suppress_health_check=list(HealthCheck))
@given(st.text(max_size=60) | st.text("検索画面aé 1._-ไทย한", max_size=20))
def test_any_text_can_be_taken_apart(text: str) -> None:
    assert len(apart(text)) == len(text)
    cut, places = placed(apart(text))
    assert len(cut) == len(places)
    assert all(one in (" ", apart(text)[place]) for one, place in zip(cut, places, strict=True))
    assert spaced(text).split() == placed(apart(unicodedata.normalize("NFKC", text)))[0].split()
    language_of(text)


@pytest.mark.parametrize(
    "text", ["&|!():*<->'\\", "a & b | !c", "it's o'clock", "\\'; DROP TABLE tasks; --", "%_%"]
)
async def test_nothing_that_is_typed_is_syntax(world: World, text: str) -> None:
    answer = await world.member.ask(
        "query($text: String!) { search(text: $text) { complete } }", {"text": text}
    )
    assert answer.codes in ([], ["BAD_USER_INPUT"])


def test_terms_are_read() -> None:
    terms = read_terms('Fix "the login" -slow ENG-12 v2.1 unfin')
    assert [(term.text, term.kind.value, term.excluded) for term in terms] == [
        ("fix", "word", False),
        ("the login", "phrase", False),
        ("eng-12", "key", False),
        ("v2 1", "phrase", False),
        ("unfin", "prefix", False),
        ("slow", "word", True),
    ]
