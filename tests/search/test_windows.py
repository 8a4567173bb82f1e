"""Of many texts the newest that match are looked at: the same ones as without an index, whatever the planner thinks."""

from __future__ import annotations

from uuid import UUID

import pytest

from tests.ledger import Log
from tests.world import World, uuids

# Each word in another share of 3,000 texts of five projects; years of them, and some thousand in one moment.
FILL = """
INSERT INTO search_documents (workspace_id, project_id, id, task_id, kind, language, title, words, changed_at)
SELECT $1, place.id, gen_random_uuid(), gen_random_uuid(), 'task', 'simple', said.words, said.words, moment.at
FROM generate_series(1, 3000) AS n,
     LATERAL (SELECT ($2::uuid[])[1 + n * n % cardinality($2::uuid[])] AS id) AS place,
     LATERAL (SELECT CASE WHEN n % 3 = 0 THEN timestamptz '2024-01-01'
              ELSE timestamptz '2025-01-01' + n * n * interval '7 s' END AS at) AS moment,
     LATERAL (SELECT to_tsvector('simple', concat_ws(' ', 'all', CASE WHEN n % 2 = 0 THEN 'half begins' END,
                  CASE WHEN n % 50 = 0 THEN 'seldom beginning' END, CASE WHEN n % 7 = 0 THEN 'half way' END,
                  CASE WHEN n = 77 THEN 'once' END))
              || array_to_tsvector(ARRAY[search_place('w', $1), search_place('p', place.id)]
                  || search_times('w', $1, moment.at) || search_times('p', place.id, moment.at)) AS words) AS said
"""
PROJECT = """
INSERT INTO projects SELECT (jsonb_populate_record(p, jsonb_build_object('id', $1::uuid, 'key', $2::text))).*
FROM projects p WHERE p.workspace_id = $3 LIMIT 1
"""
FOUND = """
SELECT task_id, changed_at, kind FROM search_candidates($1::text::tsquery, $2, $3, NULL, false, $4, $5)
"""
EXPECTED = """
SELECT changed_at FROM search_documents WHERE project_id = ANY($2) AND words @@ $1::text::tsquery
ORDER BY changed_at DESC LIMIT $3
"""
# The same texts twice, in workspaces that are kept beside it.
NEIGHBOUR = """
INSERT INTO search_documents (workspace_id, project_id, id, task_id, kind, language, title, words, changed_at)
SELECT neighbour.id, gen_random_uuid(), gen_random_uuid(), d.task_id, d.kind, d.language, d.title, d.words, d.changed_at
FROM search_documents d, generate_series(1, 2), LATERAL (
    SELECT id FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, 400)) AS made
    WHERE search_partition(id) = search_partition(d.workspace_id) LIMIT 1) AS neighbour
"""
RANKED = """
SELECT c.score, ts_rank_cd('{0.05, 0.2, 0.4, 1.0}', d.words, $1::text::tsquery, 1) AS expected
FROM search_candidates($1::text::tsquery, '{}', $2, NULL, true, 400, 5000) AS c JOIN search_documents d USING (id)
"""


@pytest.fixture
async def many(world: World, log: Log) -> list[UUID]:
    """The projects that the texts are in, declared."""
    workspace = uuids(world.workspace["id"])[0]
    projects = [UUID(int=number) for number in range(1, 13)]
    await log.connection.execute("SET session_replication_role = replica")
    await log.connection.execute("TRUNCATE search_documents")
    for one in projects:
        await log.connection.execute(PROJECT, one, f"M{one.int}", workspace)
    await log.connection.execute(FILL, workspace, projects)
    await log.connection.execute("ANALYZE search_documents")
    declared = "{" + ",".join(map(str, projects)) + "}"
    await log.connection.execute("SELECT set_config('lockstep.scopes', $1, false)", declared)
    return projects


async def _verify(log: Log, asked: str, projects: list[UUID], most: int, compared: int) -> None:
    rows = await log.connection.fetch(FOUND, asked, [], projects, most, compared)
    told = [row["changed_at"] for row in rows if row["kind"] != "more"]
    expected = await log.connection.fetch(EXPECTED, asked, projects, most)
    assert sorted(told, reverse=True) == [row["changed_at"] for row in expected], (asked, most)
    more = any(row["kind"] == "more" for row in rows)
    assert more == (len(told) == most), "what is complete is said to be"


WORDS = ("all", "half", "seldom", "once", "half & seldom", "all & !half", "once | seldom", "nothing")
PHRASES = (
    "half <-> begins",
    "half & !(half <-> way)",
    "way & half <-> begins",
    "once | seldom <-> beginning",
)


async def test_the_newest_are_found_in_every_window(many: list[UUID], log: Log) -> None:
    for projects in (many, many[:1], many[1:3]):
        for most in (3, 40, 1000):
            for asked in WORDS:
                await _verify(log, asked, projects, most, most)
            for asked in PHRASES:
                await _verify(log, asked, projects, most, 5000)


async def test_beside_a_larger_workspace_the_newest_are_found_too(many: list[UUID], log: Log) -> None:
    await log.connection.execute(NEIGHBOUR)
    await log.connection.execute("ANALYZE search_documents")
    for asked in (*WORDS[:6], *PHRASES[:2]):
        for most in (40, 1000):
            await _verify(log, asked, many, most, 5000)


async def test_what_a_text_does_not_have_is_nothing_to_its_rank(many: list[UUID], log: Log) -> None:
    for asked in (
        "half | begins | nothing | seldom",
        "(all | none | no) & (way | ways | seldom | once)",
        "(all | a:* | al) & (beginning | begin:* | way) & !once",
        "(half | halves) & (begins <-> seldom | way)",
    ):
        rows = await log.connection.fetch(RANKED, asked, many)
        assert len(rows) > 50
        assert [row["score"] for row in rows] == [row["expected"] for row in rows], asked


async def test_a_phrase_is_compared_in_the_newest_that_have_its_words(many: list[UUID], log: Log) -> None:
    whole = await log.connection.fetch(FOUND, "half <-> begins", [], many, 2000, 5000)
    assert len([row for row in whole if row["kind"] != "more"]) == 1500
    some = await log.connection.fetch(FOUND, "half <-> way", [], many, 400, 20)
    found = [row for row in some if row["kind"] != "more"]
    assert len(found) < len(some), "there may be more, and it is said"
    assert 0 < len(found) < 400


async def test_nothing_undeclared_is_found_in_a_window(many: list[UUID], log: Log) -> None:
    await log.connection.execute("SELECT set_config('lockstep.scopes', $1, false)", "{" + str(many[0]) + "}")
    for most in (5, 1000):
        rows = await log.connection.fetch(
            "SELECT project_id FROM search_candidates('all', '{}', $1, NULL, true, $2, 5)", many, most
        )
        assert {row["project_id"] for row in rows} - {None} == {many[0]}


# Of 40 windows of all lengths, 200 moments each around them: what is within has a lexeme of the cover, what is before
# has none; nor what is after, but for the shortest span that the end is in.
COVERED = """
SELECT count(*) AS asked,
       count(*) FILTER (WHERE NOT within AND NOT near AND said) AS too_many,
       count(*) FILTER (WHERE within AND NOT said) AS missed
FROM generate_series(1, 40) AS n, LATERAL (SELECT timestamptz '2025-01-01' + n * n * interval '7 hours' AS since,
         timestamptz '2025-01-01' + n * n * interval '7 hours' + power(1.4, n) * interval '90 s' AS until) AS span,
     search_cover('w', $1, span.since, span.until, $2, 40, $3) AS cover,
     generate_series(1, 200) AS m,
     LATERAL (SELECT since + (m - 50) * 0.01 * (until - since) AS at) AS moment,
     LATERAL (SELECT at >= cover.begun AND at <= until AS within,
                     at > until AND ($2 OR at < until + greatest((until - since) / 4, interval '18 min')) AS near,
                     string_to_array(cover.lexemes, '|') && search_times('w', $1, at) AS said) AS told
"""


async def test_a_cover_is_of_its_window(log: Log) -> None:
    for newest in (True, False):
        for long in (True, False):
            row = await log.connection.fetchrow(COVERED, UUID(int=7), newest, long)
            assert (row["asked"], row["too_many"], row["missed"]) == (8000, 0, 0), (newest, long)
