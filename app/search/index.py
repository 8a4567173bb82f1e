"""What an index of documents must do, and the one that PostgreSQL's full-text search does.

A search server can take over by doing the same: `put` and `remove` are called for what the log says has changed, at
least once and in order within a project; `find` gives ids and scores, and only of the projects that it is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from app.db import Reader
from app.keys import Key
from app.paging import Condition
from app.search.languages import FUNCTION_WORDS
from app.search.passing import among_newest, passing
from app.search.terms import Term, TermKind
from app.staging import as_json
from app.statements import Row, Statement, as_keys, sql
from app.values import now_utc
from app.work import Work

MOST_RANKED = 300
"""Of the newest that match so many are ranked, and of the newest whose title matches half as many."""

LOOKED_AT = (400, 2_000)
"""Of the newest that match so many are looked at when a filter chooses among them; the second if it leaves few."""

ENOUGH, FEW = 80, 10
"""So many tasks that a filter leaves are enough; where it leaves so few of the first, more are not looked at."""

MOST_AMONG = 1_500
"""Otherwise it is looked among so many tasks that the filter leaves, the newest."""

MOST_COMPARED = 2_000
"""In so many texts at most, the newest that have all its words, a phrase is looked for."""

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
"""No text counts as older, nor as newer than now, whatever an imported file says: windows of time are of days."""

MOST_COUNTED = 1_000
MOST_SPELLINGS = 3


@dataclass(frozen=True)
class Document:
    """A text that can be found: of a task (``kind`` "task": title and texts) or a comment (no title).

    ``body_known``: the body is one that was put before, so there is no new word in it.
    """

    workspace_id: UUID
    project_id: UUID
    id: UUID
    task_id: UUID
    kind: str
    key: str
    title: str
    body: str
    language: str
    changed_at: datetime
    body_known: bool = False


class Found(NamedTuple):
    """A document that matches."""

    project_id: UUID
    task_id: UUID
    id: UUID
    kind: str
    score: float
    changed_at: datetime


@dataclass(frozen=True)
class Matches:
    """Documents that match; ``complete``: there are no others."""

    found: list[Found]
    complete: bool


@dataclass(frozen=True)
class Passing(Matches):
    """Those whose tasks pass a filter, of the ``looked_at`` that match; ``complete`` is of these."""

    looked_at: int


class SearchIndex(Protocol):
    """Where documents are kept and found."""

    async def put(self, work: Work, documents: Sequence[Document]) -> None:
        """Keep these texts, instead of what was kept under their ids before."""

    async def remove(
        self, work: Work, project_id: UUID, task_ids: Sequence[UUID], ids: Sequence[UUID]
    ) -> None:
        """Forget whole tasks with their comments, and single comments; what is not there is forgotten already."""

    async def forget_words(self, work: Work, project_id: UUID) -> None:
        """Keep nothing that no document of the project says any more."""

    async def find(
        self, reader: Reader, terms: Sequence[Term], project_ids: Sequence[UUID],
        task_ids: Sequence[UUID] | None = None, *, ranked: bool = True, most: int = MOST_RANKED,
    ) -> Matches:  # fmt: skip
        """Documents of these projects that the viewer may see, in no order.

        If tasks are named, of these alone: each is in the project at its place.
        """

    async def find_passing(
        self, reader: Reader, terms: Sequence[Term], project_ids: Sequence[UUID],
        conditions: Sequence[Condition], *, ranked: bool = True, most: int = MOST_RANKED,
    ) -> Passing:  # fmt: skip
        """Those of `find` whose tasks pass conditions, which are the database's: an index elsewhere asks it then."""

    async def find_among_newest(
        self, reader: Reader, terms: Sequence[Term], project_ids: Sequence[UUID],
        conditions: Sequence[Condition], left: Iterable[Key],
    ) -> Matches:  # fmt: skip
        """Those of the newest tasks that pass, and of these that are ``left`` already; ``complete``: no others do."""

    async def count(self, reader: Reader, terms: Sequence[Term], project_ids: Sequence[UUID]) -> int:
        """About how many tasks match: exact up to ``MOST_COUNTED``, if all that match were looked at."""

    async def spellings(
        self, reader: Reader, words: Sequence[str], project_ids: Sequence[UUID]
    ) -> dict[str, tuple[str, ...]]:
        """For each word that these projects do not have: those they have that look most like it."""


# Of the indexes on an empty table none is better than another, and a plan is kept.
_PLANNED_ANEW = "SET LOCAL plan_cache_mode = force_custom_plan"
# Words as they are written are learnt as they are made, and of a body that is as it was they are known. Such a body's
# words are taken out of what was made of it before: that takes two thirds of the time. They come first, so that their
# places do not depend on the title; in a long text the title does, or its words would have no place (there are 16,383).
_PUT: Statement[Any] = sql(
    """
    WITH made AS MATERIALIZED (
        SELECT given.*, plain.title AS plain_title, plain.body AS plain_body,
               plain.title || to_tsvector(given.language::regconfig, given.title)
                   || array_to_tsvector(
                          array_remove(ARRAY[given.key, search_place('w', given.workspace_id),
                                             search_place('p', given.project_id)], '')
                          || times.lexemes
                      ) AS heading,
               coalesce(kept.written, setweight(
                   plain.body || to_tsvector(given.language::regconfig, given.body),
                   CASE given.kind WHEN 'task' THEN 'B' ELSE 'C' END::"char"
               )) AS written
        FROM json_to_recordset($1::json) AS given(
                 workspace_id uuid, project_id uuid, id uuid, task_id uuid, kind text, key text, title text, body text,
                 language text, changed_at timestamptz, known boolean)
             LEFT JOIN LATERAL (SELECT ts_filter(d.words, '{b}') AS written FROM search_documents d
                                WHERE given.known AND d.workspace_id = given.workspace_id
                                    AND d.project_id = given.project_id AND d.id = given.id
                                    AND d.language = given.language AND length(given.body) <= 10000 OFFSET 0
                               ) AS kept ON true,
             -- What search_times() gives, which as a function takes longer than to make the words of a title.
             LATERAL (SELECT array_agg('/' || left(md5(place.kind || place.id || level || ':' || (place.at >> level)),
                                                   10)) AS lexemes
                      FROM (VALUES ('w', given.workspace_id::text, extract(epoch FROM given.changed_at)::bigint),
                                   ('p', given.project_id::text, extract(epoch FROM given.changed_at)::bigint))
                               AS place(kind, id, at), generate_series(10, 22, 3) AS level) AS times,
             LATERAL (SELECT to_tsvector('search_plain', given.title),
                             CASE WHEN kept.written IS NULL THEN to_tsvector('search_plain', given.body) END OFFSET 0)
                 AS plain(title, body)
    ), put AS (
        INSERT INTO search_documents
            (workspace_id, project_id, id, task_id, kind, language, title, words, changed_at)
        SELECT workspace_id, project_id, id, task_id, kind, language, CASE WHEN kind = 'task' THEN heading END,
               CASE WHEN length(body) <= 10000 THEN written || setweight(heading, 'A')
                    ELSE setweight(heading, 'A') || written END,
               changed_at
        FROM made
        ON CONFLICT (workspace_id, project_id, id) DO UPDATE
        SET task_id = EXCLUDED.task_id, language = EXCLUDED.language, title = EXCLUDED.title, words = EXCLUDED.words,
            changed_at = EXCLUDED.changed_at
    )
    SELECT search_learn(array_agg(project_id),
                        array_agg(CASE WHEN plain_body IS NULL THEN plain_title ELSE plain_title || plain_body END))
    FROM made
    """,
    "documents",
)  # fmt: skip
_SETTLE = sql("SELECT search_settle($1)", "workspaces")
_REMOVE = sql(
    "DELETE FROM search_documents WHERE project_id = $1 AND (task_id = ANY($2::uuid[]) OR id = ANY($3::uuid[]))",
    "project", "task_ids", "ids",
)  # fmt: skip
_FORGET = sql("SELECT search_forget($1)", "project")
_FIND: Statement[Any] = sql(
    "SELECT * FROM search_candidates(search_query($1, $2, $3, $4), $5, $6, $7, $8, $9, $10)",
    "terms", "kinds", "excluded", "languages", "prefixes", "projects", "tasks", "ranked", "most", "compared",
)  # fmt: skip
_COUNT = sql(
    "SELECT search_count(search_query($1, $2, $3, $4), $5, $6, $7, $8)",
    "terms", "kinds", "excluded", "languages", "prefixes", "projects", "most", "compared",
)  # fmt: skip
_SPELLINGS: Statement[Any] = sql(
    "SELECT term, word FROM search_spellings($1, $2, $3)", "terms", "projects", "most"
)
LANGUAGES = list(FUNCTION_WORDS)


def _prefixes(terms: Sequence[Term]) -> list[str]:
    kinds = [term for term in terms if term.kind in (TermKind.PREFIX, TermKind.BEGUN) and not term.excluded]
    return [text.split()[-1] for term in kinds for text in (term.text, *term.others)]


def _read(rows: Sequence[Row]) -> tuple[list[Found], bool]:
    """Documents, and whether none of the other rows says that there are more."""
    found = [Found._make(row) for row in rows if row["id"] is not None]
    return found, all(row["kind"] != "more" for row in rows if row["id"] is None)


def asked(terms: Sequence[Term]) -> dict[str, Any]:
    """Terms as the parameters of `search_query`."""
    return {
        "terms": ["|".join((term.text, *term.others)) for term in terms],
        "kinds": [term.kind.value for term in terms],
        "excluded": [term.excluded for term in terms],
        "languages": LANGUAGES,
    }


def _row(one: Document, now: datetime) -> dict[str, Any]:
    return {
        "workspace_id": one.workspace_id, "project_id": one.project_id, "id": one.id, "task_id": one.task_id,
        "kind": one.kind, "key": one.key.lower(), "title": one.title, "body": one.body, "language": one.language,
        "changed_at": min(max(one.changed_at, EARLIEST), now), "known": one.body_known,
    }  # fmt: skip


class PostgresIndex:
    """The index in tables beside the others (migrations 0016, 0024, 0025)."""

    async def put(self, work: Work, documents: Sequence[Document]) -> None:
        if not documents:
            return
        now = now_utc()
        await work.script(_PLANNED_ANEW)
        await work.run(_PUT, documents=as_json([_row(one, now) for one in documents]))
        # Before the commit: no search reads a list of what is pending.
        await work.run(_SETTLE, workspaces=sorted({one.workspace_id for one in documents}))

    async def remove(
        self, work: Work, project_id: UUID, task_ids: Sequence[UUID], ids: Sequence[UUID]
    ) -> None:
        if task_ids or ids:
            await work.run(_REMOVE, project=project_id, task_ids=list(task_ids), ids=list(ids))

    async def forget_words(self, work: Work, project_id: UUID) -> None:
        await work.run(_FORGET, project=project_id)

    async def find(
        self, reader: Reader, terms: Sequence[Term], project_ids: Sequence[UUID],
        task_ids: Sequence[UUID] | None = None, *, ranked: bool = True, most: int = MOST_RANKED,
    ) -> Matches:  # fmt: skip
        rows = await reader.rows(
            _FIND, **asked(terms), prefixes=_prefixes(terms), projects=list(project_ids),
            tasks=None if task_ids is None else list(task_ids), ranked=ranked, most=most, compared=MOST_COMPARED,
        )  # fmt: skip
        return Matches(*_read(rows))

    async def find_passing(
        self, reader: Reader, terms: Sequence[Term], project_ids: Sequence[UUID],
        conditions: Sequence[Condition], *, ranked: bool = True, most: int = MOST_RANKED,
    ) -> Passing:  # fmt: skip
        rows = await reader.rows(
            Statement(passing(conditions), Row), **asked(terms), prefixes=_prefixes(terms),
            projects=list(project_ids), ranked=ranked, most=most, compared=MOST_COMPARED,
        )  # fmt: skip
        return Passing(*_read(rows), looked_at=rows[-1]["score"])

    async def find_among_newest(
        self, reader: Reader, terms: Sequence[Term], project_ids: Sequence[UUID],
        conditions: Sequence[Condition], left: Iterable[Key],
    ) -> Matches:  # fmt: skip
        places, ids = as_keys(list(left)) or ([], [])
        each = min(MOST_AMONG, max(40, 2 * MOST_AMONG // max(len(project_ids), 1)))
        rows = await reader.rows(
            Statement(among_newest(conditions), Row), **asked(terms), prefixes=_prefixes(terms),
            project_ids=list(project_ids), left_projects=places, left_ids=ids, compared=MOST_COMPARED,
            each=each, among=MOST_AMONG,
        )  # fmt: skip
        return Matches(*_read(rows))

    async def count(self, reader: Reader, terms: Sequence[Term], project_ids: Sequence[UUID]) -> int:
        found: int = await reader.value(
            _COUNT, **asked(terms), prefixes=_prefixes(terms), projects=list(project_ids), most=MOST_COUNTED + 1,
            compared=MOST_COMPARED,
        )  # fmt: skip
        return found

    async def spellings(
        self, reader: Reader, words: Sequence[str], project_ids: Sequence[UUID]
    ) -> dict[str, tuple[str, ...]]:
        if not words:
            return {}
        rows = await reader.rows(
            _SPELLINGS, terms=list(words), projects=list(project_ids), most=MOST_SPELLINGS
        )
        found: dict[str, list[str]] = {}
        for row in rows:
            found.setdefault(row.term, []).append(row.word)
        return {word: tuple(others) for word, others in found.items()}
