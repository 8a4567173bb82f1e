"""The texts among which searches are measured: drawn from a seeded vocabulary, loaded in bulk, kept for another run.

Words are as common as those of a language (Zipf): the commonest is in every third text. Texts are made of sequences of
eight such words, so that a phrase of two common words is in some hundreds of texts and not in one.
"""

from __future__ import annotations

import itertools
import random
from typing import Any

import asyncpg

WORDS = 60_000
SEQUENCES = 40_000
BATCH = 50_000
COMMENTED = 4
"""Every so many-th task has a comment."""

_STOP_WORDS = {"more", "same", "some", "before", "because", "once", "here", "there", "these", "those"}
_LOADED = ("tasks", "comments", "search_documents", "search_words", "search_vocabulary")
_MOMENT = "timestamptz '2025-12-01 00:00Z' + {number} * interval '30 seconds'"
_DRAWN = f"""
CREATE UNLOGGED TABLE bench_drawn AS
SELECT n AS number, n % $1::int AS place, uuidv7(moment - now()) AS id,
       uuidv7(moment + interval '1 hour' - now()) AS comment_id, moment, random() AS chance,
       ARRAY(SELECT (random() * {SEQUENCES - 1})::int FROM generate_series(1, 8) WHERE n > 0) AS said
FROM generate_series(1, $2::int) AS n, LATERAL (SELECT {_MOMENT.format(number="n")} AS moment) AS m
"""
_SEQUENCES = """
CREATE UNLOGGED TABLE bench_sequences (n int PRIMARY KEY, text text, plain tsvector, english tsvector)
"""
_JOINED = "bench_drawn d JOIN bench_places p ON p.n = d.place " + " ".join(
    f"JOIN bench_sequences s{n} ON s{n}.n = d.said[{n + 1}]" for n in range(8)
)
_BATCH = "d.number BETWEEN $1::int AND $2::int"
_PLACES = """
CREATE UNLOGGED TABLE bench_places AS
SELECT row_number() OVER (ORDER BY p.key) - 1 AS n, p.id, p.key, p.workspace_id,
       (SELECT array_agg(s.id ORDER BY s.rank) FROM statuses s WHERE s.project_id = p.id) AS statuses,
       (SELECT array_agg(t.id ORDER BY t.name) FROM task_types t WHERE t.project_id = p.id) AS types
FROM projects p
"""
_BODY = "concat_ws(' ', s1.text, s2.text, s3.text, s4.text, s5.text)"
_TASKS = f"""
INSERT INTO tasks (project_id, id, number, title, sections, status_id, type_id, priority, rank, config, fields, version,
                   created_at, updated_at)
SELECT p.id, d.id, d.number + 100, s0.text, jsonb_build_object('description', {_BODY}),
       p.statuses[1 + (d.chance * (cardinality(p.statuses) - 1))::int], p.types[1], d.number % 5,
       'a' || lpad(d.number::text, 8, '0'), '{{}}', '{{}}', 1, d.moment, d.moment
FROM {_JOINED} WHERE {_BATCH}
"""
_COMMENTS = f"""
INSERT INTO comments (project_id, id, task_id, body, version, created_at, updated_at)
SELECT p.id, d.comment_id, d.id, s6.text || ' ' || s7.text, 1, d.moment, d.moment
FROM {_JOINED} WHERE {_BATCH} AND d.number % {COMMENTED} = 0
"""
# The words of sequences side by side are the words of their texts side by side, at a tenth of the cost.
_PLACE = """
ARRAY[search_place('w', p.workspace_id), search_place('p', p.id)]
    || search_times('w', p.workspace_id, d.moment) || search_times('p', p.id, d.moment)
"""
_TASK_DOCUMENTS = f"""
INSERT INTO search_documents (workspace_id, project_id, id, task_id, kind, language, title, words, changed_at)
SELECT p.workspace_id, p.id, d.id, d.id, 'task', 'english', heading.words,
       setweight((s1.plain || s2.plain || s3.plain || s4.plain || s5.plain)
           || (s1.english || s2.english || s3.english || s4.english || s5.english), 'B')
           || setweight(heading.words, 'A'), d.moment
FROM {_JOINED}, LATERAL (SELECT s0.plain || s0.english || array_to_tsvector(
         lower(p.key || '-' || d.number + 100) || ({_PLACE}))) AS heading(words)
WHERE {_BATCH} ORDER BY d.number
"""
_COMMENT_DOCUMENTS = f"""
INSERT INTO search_documents (workspace_id, project_id, id, task_id, kind, language, title, words, changed_at)
SELECT p.workspace_id, p.id, d.comment_id, d.id, 'comment', 'english', NULL,
       array_to_tsvector({_PLACE})
           || setweight((s6.plain || s7.plain) || (s6.english || s7.english), 'C'), d.moment
FROM {_JOINED} WHERE {_BATCH} AND d.number % {COMMENTED} = 0 ORDER BY d.number
"""
_VOCABULARY = """
WITH known AS (
    SELECT DISTINCT word FROM bench_sequences s, unnest(tsvector_to_array(s.plain)) AS word WHERE length(word) > 3
), every AS (INSERT INTO search_vocabulary SELECT word FROM known)
INSERT INTO search_words (project_id, word) SELECT p.id, word FROM bench_places p, known
"""
_AS_INDEXED = """
SELECT count(*) FROM (SELECT * FROM search_documents WHERE kind = 'task' LIMIT 300) AS d
JOIN tasks t ON t.project_id = d.project_id AND t.id = d.id JOIN projects p ON p.id = t.project_id,
     LATERAL (SELECT to_tsvector('search_plain', t.title) || to_tsvector('english', t.title) || array_to_tsvector(
         lower(p.key || '-' || t.number) || ARRAY[search_place('w', p.workspace_id), search_place('p', p.id)]
         || search_times('w', p.workspace_id, t.updated_at) || search_times('p', p.id, t.updated_at)
     )) AS heading(words)
WHERE d.words <> setweight(
    to_tsvector('search_plain', t.sections ->> 'description') || to_tsvector('english', t.sections ->> 'description'),
    'B') || setweight(heading.words, 'A')
"""


class Language:
    """Words by how common they are, and the sequences that texts are made of."""

    def __init__(self, seed: int = 1) -> None:
        self.random = random.Random(seed)
        made: dict[str, None] = {}
        while len(made) < WORDS:
            syllables = self.random.randint(2, 4)
            word = "".join(
                self.random.choice("bcdfglmnprst") + self.random.choice("aeiou") for _ in range(syllables)
            ) + self.random.choice(("", "", "s", "ing", "ed"))
            if word not in _STOP_WORDS:
                made[word] = None
        self.words = list(made)
        weights = list(itertools.accumulate(1 / (rank + 1.5) ** 0.9 for rank in range(WORDS)))
        self.sequences = [
            " ".join(self.random.choices(self.words, cum_weights=weights, k=8)) for _ in range(SEQUENCES)
        ]


async def load(admin_url: str, language: Language, tasks: int) -> None:
    """The tasks, every fourth with a comment, and the index of them as the service would make it, oldest first.

    Projects must be there, and be empty but for what the API made. Indexes are made after the rows.
    """
    connection = await asyncpg.connect(admin_url)
    for setting in (
        "session_replication_role = replica", "maintenance_work_mem = '768MB'", "work_mem = '256MB'",
        "synchronous_commit = off",
    ):  # fmt: skip
        await connection.execute(f"SET {setting}")
    indexes = [one async for one in _without_indexes(connection)]
    await connection.execute(_SEQUENCES)
    await connection.copy_records_to_table(
        "bench_sequences", records=enumerate(language.sequences), columns=["n", "text"]
    )
    await connection.execute(
        "UPDATE bench_sequences SET plain = to_tsvector('search_plain', text), english = to_tsvector('english', text)"
    )
    await connection.execute(_PLACES)
    places = await connection.fetchval("SELECT count(*) FROM bench_places")
    await connection.execute("SELECT setseed(0.5)")
    await connection.execute(_DRAWN.replace("$1", str(places)).replace("$2", str(tasks)))
    await connection.execute("ANALYZE bench_sequences, bench_places, bench_drawn")
    for first in range(1, tasks + 1, BATCH):
        for statement in (_TASKS, _COMMENTS, _TASK_DOCUMENTS, _COMMENT_DOCUMENTS):
            await connection.execute(statement, first, first + BATCH - 1)
        print(f"{min(first + BATCH - 1, tasks):,} tasks", flush=True)
    await connection.execute(_VOCABULARY)
    for definition in indexes:
        print(definition, flush=True)
        await connection.execute(definition)
    await connection.execute("DROP TABLE bench_drawn, bench_places, bench_sequences")
    if different := await connection.fetchval(_AS_INDEXED):
        raise RuntimeError(f"{different} documents are not what the service would have made of their texts")
    await connection.execute("VACUUM ANALYZE")
    await connection.execute("CHECKPOINT")
    await connection.close()


async def _without_indexes(connection: Any) -> Any:
    """Take the indexes away that no constraint needs; how to make them again."""
    found = await connection.fetch(
        """
        SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition FROM pg_index i
        WHERE i.indrelid = ANY($1::text[]::regclass[]) AND NOT i.indisprimary
              AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
        """,
        list(_LOADED),
    )
    for row in found:
        await connection.execute(f"DROP INDEX {row['name']}")
        yield row["definition"].replace(" ON ONLY ", " ON ")
