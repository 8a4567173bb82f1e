"""Plans are kept, and those of an empty index must do for a full one too."""

from __future__ import annotations

from collections.abc import Sequence

from app.events.models import ActorKind
from app.search.index import Document, PostgresIndex
from app.search.indexing import indexing
from app.statements import sql
from app.work import Actor, Work, run_unit
from tests.ledger import Log
from tests.world import World, uuids

GROWN = """
INSERT INTO search_documents (workspace_id, project_id, id, task_id, kind, language, title, words, changed_at)
SELECT workspace_id, project_id, uuidv7(), task_id, kind, language, title, words, changed_at
FROM search_documents, generate_series(1, 2000) WHERE project_id = $1
"""
# Of this transaction alone.
_READ = sql(
    """
    SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0) AS rows FROM pg_stat_xact_user_tables
    WHERE relname LIKE 'search\\_documents\\_part%'
    """
)


class Counting(PostgresIndex):
    """Counts the rows of the index that are read to put something into it."""

    def __init__(self) -> None:
        super().__init__()
        self.read = 0

    async def put(self, work: Work, documents: Sequence[Document]) -> None:
        before = await work.value(_READ)
        await super().put(work, documents)
        self.read = await work.value(_READ) - before


async def test_to_index_a_title_reads_its_own_text_alone(world: World, log: Log) -> None:
    await log.connection.execute("VACUUM ANALYZE search_documents")  # else it is not known to be empty
    task = await world.task(title="First", description="A text that stays")
    scope, index, store = uuids(world.eng["id"])[0], Counting(), world.service.application.store
    for version in range(1, 8):
        if version == 5:
            await log.connection.execute(GROWN, scope)
        patch = {"title": f"Title number {version}"}
        await world.member.do("taskUpdate", id=task["id"], expectedVersion=version, patch=patch)
        await run_unit(store, Actor(None, ActorKind.SYSTEM), indexing(index, [scope]))
        assert index.read <= 2
