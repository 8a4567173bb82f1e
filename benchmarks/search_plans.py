"""How searches run in the database, and what row-level security adds: the same words, behind the wall and not."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import asyncpg

from app.search.index import LANGUAGES, MOST_COMPARED, MOST_RANKED
from benchmarks.search_data import Language

RANKS = (0, 10, 40, 100, 400, 1500, 5000, 20_000)
ROUNDS = 5
MOST_SECONDS = 20
PLAIN = (
    "SELECT id FROM search_documents WHERE words @@ $q${query}$q$::tsquery ORDER BY changed_at DESC LIMIT 300"
)
OURS = """
SELECT * FROM search_candidates($q${query}$q$::tsquery, '{{}}', '{projects}', NULL, true, {most}, {compared})
"""
HITS = "SELECT t.* FROM unnest($1::uuid[], $2::uuid[]) AS asked(project_id, id) JOIN tasks t USING (project_id, id)"


async def compare(admin_url: str, service_url: str, language: Language) -> dict[str, Any]:
    """``cpu``: milliseconds of CPU of each statement for each word (None: given up), behind the wall and not;
    ``plans``: how two words are looked for.
    """
    admin, service = [await _connect(url) for url in (admin_url, service_url)]
    projects = [row["id"] for row in await admin.fetch("SELECT id FROM projects")]
    declared = "{" + ",".join(map(str, projects)) + "}"
    for connection in (admin, service):
        await connection.execute("SELECT set_config('lockstep.scopes', $1, false)", declared)
    cpu: list[dict[str, Any]] = []
    plans: dict[str, str] = {}
    for rank in RANKS:
        query = await admin.fetchval(
            "SELECT search_query($1, ARRAY['word'], ARRAY[false], $2)::text",
            [language.words[rank]],
            LANGUAGES,
        )
        given = {"query": query, "projects": declared, "most": MOST_RANKED, "compared": MOST_COMPARED}
        row: dict[str, Any] = {"word": rank}
        for name, statement in (("plain", PLAIN), ("ours", OURS)):
            text = statement.format(**given)
            row[name] = await _cpu(admin, text)
            row[f"{name}_walled"] = await _cpu(service, text)
        cpu.append(row)
        if rank in (10, 5000):
            for name, connection in (("without the wall", admin), ("behind it", service)):
                plans[f"word {rank}, plain, {name}"] = await _plan(connection, PLAIN.format(**given))
    hits = await admin.fetch("SELECT project_id, id FROM tasks ORDER BY md5(id::text) LIMIT 20")
    keys = [row["project_id"] for row in hits], [row["id"] for row in hits]
    cpu.append({"hits": await _cpu(admin, HITS, *keys), "hits_walled": await _cpu(service, HITS, *keys)})
    for connection in (admin, service):
        await connection.close()
    return {"cpu": cpu, "plans": plans}


async def _connect(url: str) -> Any:
    connection = await asyncpg.connect(url)
    await connection.execute(f"SET statement_timeout = '{MOST_SECONDS}s'")
    return connection


async def _cpu(connection: Any, statement: str, *values: Any) -> float | None:
    pid = await connection.fetchval("SELECT pg_backend_pid()")
    taken = []
    for _ in range(ROUNDS):
        before = _spent(pid)
        try:
            await connection.fetch(statement, *values)
        except asyncpg.QueryCanceledError:
            return None
        taken.append(_spent(pid) - before)
    return statistics.median(taken)


def _spent(pid: int) -> float:
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e6


async def _plan(connection: Any, statement: str) -> str:
    try:
        rows = await connection.fetch(
            f"EXPLAIN (ANALYZE, COSTS OFF, BUFFERS OFF, TIMING OFF, SUMMARY OFF) {statement}"
        )
    except asyncpg.QueryCanceledError:
        rows = await connection.fetch(f"EXPLAIN (COSTS OFF) {statement}")
    return "\n".join(row[0][:120] for row in rows)
