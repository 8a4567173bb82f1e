"""What a search takes among many tasks, behind row-level security: time, CPU, and the plans.

    .venv/bin/python -m benchmarks.search [--tasks 1000000] [--requests 400]

Texts are drawn from a seeded vocabulary of 60,000 words of which the commonest is in every third text, as words of a
language are (Zipf). Asked are common and rare words, pairs, beginnings and phrases, in all projects and in one.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx

from app.ids import new_id
from app.migrations import migrate
from app.search.index import LANGUAGES
from benchmarks.data import Stage, fill
from benchmarks.processes import Clock, free_port, running
from benchmarks.stage import UNBOUNDED
from lockstep.embedded import start_servers

SEARCH = """query Search($text: String!, $projects: [ID!]) {
  search(text: $text, projectIds: $projects) { complete hits(first: 20) { nodes { score task { id title } } } } }"""
PROJECTS = 50
WORDS = 60_000
CHUNKS = 40_000
BATCH = 20_000
COLUMNS = [
    "project_id", "id", "number", "title", "sections", "status_id", "type_id", "priority", "rank", "config", "fields",
    "version", "created_at", "updated_at",
]  # fmt: skip
INDEXES = ("search_documents_words", "search_documents_title")
FILL = """
INSERT INTO search_documents (workspace_id, project_id, id, task_id, kind, language, title, words, changed_at)
SELECT p.workspace_id, t.project_id, t.id, t.id, 'task', 'english', heading.words,
       setweight(heading.words, 'A') || setweight(
           to_tsvector('search_plain', t.sections ->> 'description')
           || to_tsvector('english', t.sections ->> 'description'), 'B'),
       t.updated_at
FROM projects p JOIN tasks t ON t.project_id = p.id,
     LATERAL (SELECT to_tsvector('search_plain', t.title) || to_tsvector('english', t.title) || array_to_tsvector(
                  ARRAY[search_place('w', p.workspace_id), search_place('p', p.id)])) AS heading(words)
WHERE p.id = $1 ON CONFLICT DO NOTHING
"""
PLAN = """
SELECT search_places(search_query($1, $2, ARRAY[false], $3), $4, NULL, 'd.task_id',
                     'ORDER BY d.changed_at DESC LIMIT 400', 400)
"""


class Language:
    """Words by how common they are, and the texts that are made of them."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)
        made: dict[str, None] = {}
        while len(made) < WORDS:
            syllables = self._random.randint(2, 4)
            word = "".join(
                self._random.choice("bcdfglmnprst") + self._random.choice("aeiou") for _ in range(syllables)
            )
            made[word + self._random.choice(("", "", "s", "ing", "ed"))] = None
        self.words = list(made)
        weights = list(itertools.accumulate(1 / (rank + 1.5) ** 0.9 for rank in range(WORDS)))
        self.chunks = [
            " ".join(self._random.choices(self.words, cum_weights=weights, k=8)) for _ in range(CHUNKS)
        ]

    def text(self, words: int) -> str:
        return " ".join(self._random.choices(self.chunks, k=words // 8))

    def questions(self, requests: int) -> Iterator[tuple[str, str]]:
        """Kinds and texts, in the proportions in which people ask."""
        kinds = ["common", "middling", "middling", "rare", "pair", "pair", "pair", "begun", "begun", "phrase"]
        for number in range(requests):
            kind = kinds[number % len(kinds)]
            common, middling = self._random.randrange(50), self._random.randrange(50, 3000)
            text = {
                "common": f"{self.words[common]} ",
                "middling": f"{self.words[middling]} ",
                "rare": f"{self.words[self._random.randrange(3000, WORDS)]} ",
                "pair": f"{self.words[self._random.randrange(2000)]} {self.words[middling]} ",
                "begun": self.words[middling][: self._random.randint(3, 5)],
                "phrase": f'"{" ".join(self._random.choice(self.chunks).split()[2:4])}"',
            }[kind]
            yield kind, text


async def stock(admin_url: str, language: Language, tasks: int) -> None:
    """The tasks, and the index of them as the service would make it."""
    connection = await asyncpg.connect(admin_url)
    await connection.execute("SET session_replication_role = replica")
    await connection.execute("SET maintenance_work_mem = '512MB'")
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", format="binary",
        encoder=lambda value: b"\x01" + json.dumps(value).encode(), decoder=lambda data: json.loads(data[1:]),
    )  # fmt: skip
    known = await connection.fetchrow("SELECT * FROM tasks LIMIT 1")
    places = await connection.fetch(
        "SELECT p.id, min(s.id::text)::uuid AS status_id, min(t.id::text)::uuid AS type_id FROM projects p "
        "JOIN statuses s ON s.project_id = p.id JOIN task_types t ON t.project_id = p.id GROUP BY p.id"
    )
    definitions = await connection.fetch(
        "SELECT indexname, indexdef FROM pg_indexes WHERE indexname = ANY($1::text[])", INDEXES
    )
    for name in INDEXES:
        await connection.execute(f"DROP INDEX {name}")
    for begun in range(0, tasks, BATCH):
        rows = [
            _task(known, places[number % len(places)], number, language)
            for number in range(begun, min(begun + BATCH, tasks))
        ]
        await connection.copy_records_to_table("tasks", records=rows, columns=COLUMNS)
    for place in places:
        await connection.execute(FILL, place["id"])
    for row in definitions:
        await connection.execute(row["indexdef"].replace(" ON ONLY ", " ON "))
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


def _task(known: Any, place: Any, number: int, language: Language) -> tuple[Any, ...]:
    moment = known["created_at"].fromtimestamp(1.6e9 + number * 30, tz=known["created_at"].tzinfo)
    return (
        place["id"], new_id(), number + 100, language.text(8), {"description": language.text(40)}, place["status_id"],
        place["type_id"], 0, f"a{number:08}", {}, {}, 1, moment, moment,
    )  # fmt: skip


async def plans(admin_url: str, language: Language) -> dict[str, str]:
    """How a common and a rare word are looked for in everything, and a common one in one project."""
    connection = await asyncpg.connect(admin_url)
    projects = [row["id"] for row in await connection.fetch("SELECT id FROM projects")]
    declared = "{" + ",".join(map(str, projects)) + "}"
    await connection.execute("SELECT set_config('lockstep.scopes', $1, false)", declared)
    found: dict[str, str] = {}
    asked: dict[str, tuple[int, list[UUID]]] = {
        "a common word in all": (3, projects), "a rare word in all": (20_000, projects),
        "a common word in one project": (3, projects[:1]), "a middling word in one project": (800, projects[:1]),
    }  # fmt: skip
    for name, (rank, within) in asked.items():
        query = await connection.fetchval(PLAN, [language.words[rank]], ["word"], LANGUAGES, within)
        rows = await connection.fetch(f"EXPLAIN (ANALYZE, COSTS OFF, BUFFERS OFF, SUMMARY OFF) {query}")
        found[name] = "\n".join(
            row[0][:150] for row in rows if "Filter" not in row[0] and "Cond" not in row[0]
        )
    await connection.close()
    return found


def ask(
    url: str, made: Stage, pids: tuple[int, int], language: Language, requests: int
) -> list[dict[str, Any]]:
    """Time and CPU of each search, one after the other; every other one in one project."""
    headers = {"Authorization": f"Bearer {made.token}"}
    taken = []
    with httpx.Client(base_url=url, headers=headers, timeout=60) as http:
        for number, (kind, text) in enumerate(language.questions(requests)):
            within = None if number % 2 else [made.project_ids[number % len(made.project_ids)]]
            clocks = [Clock(pids[0]), Clock(pids[1], sessions=True)]
            begun = time.perf_counter()
            answer = http.post(
                "/graphql", json={"query": SEARCH, "variables": {"text": text, "projects": within}}
            )
            wall = (time.perf_counter() - begun) * 1000
            server, postgres = (clock.ms() for clock in clocks)
            found = answer.json()
            if "errors" in found:
                raise RuntimeError(answer.text[:500])
            hits = len(found["data"]["search"]["hits"]["nodes"])
            taken.append({
                "kind": kind, "one": within is not None, "ms": wall, "server": server, "postgres": postgres,
                "hits": hits,
            })  # fmt: skip
    return taken


def run(tasks: int, requests: int) -> dict[str, Any]:
    """The figures."""
    language = Language()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        folder.chmod(0o711)
        servers = stack.enter_context(start_servers(folder / "data"))
        migrate(servers.owner_url)
        port = free_port()
        environment = {
            "DATABASE_URL": servers.database_url, "DATABASE_OWNER_URL": servers.owner_url,
            "REDIS_URL": servers.redis_url, "LOCKSTEP_DATA_DIR": str(folder), "LOCKSTEP_LOG_LEVEL": "warning",
            "LOCKSTEP_PORT": str(port), "LOCKSTEP_WORKERS": "1", "LOCKSTEP_SEARCH_INDEXING": "false", **UNBOUNDED,
        }  # fmt: skip
        server = stack.enter_context(running(["-m", "lockstep", "serve"], environment, port, "/health/ready"))
        url = f"http://127.0.0.1:{port}"
        made = asyncio.run(fill(url, servers.admin_url, [1] * PROJECTS, people=20))
        begun = time.perf_counter()
        asyncio.run(stock(servers.admin_url, language, tasks))
        print(f"{tasks:,} tasks stored and indexed in {time.perf_counter() - begun:.0f} s", flush=True)
        postgres = asyncio.run(_postmaster(servers.admin_url))
        ask(url, made, (server, postgres), language, min(requests, 40))  # to warm up
        taken = ask(url, made, (server, postgres), language, requests)
        return {
            "tasks": tasks,
            "taken": taken,
            "plans": asyncio.run(plans(servers.admin_url, language)),
        }


async def _postmaster(admin_url: str) -> int:
    connection = await asyncpg.connect(admin_url)
    folder = Path(await connection.fetchval("SHOW data_directory"))
    await connection.close()
    return int((folder / "postmaster.pid").read_text().split()[0])


def percentile(values: list[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--tasks", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--json", type=Path, help="a file for the figures")
    given = parser.parse_args()
    results = run(given.tasks, given.requests)
    print(f"{'':10} {'n':>4} {'p50 ms':>8} {'p95 ms':>8} {'CPU p50':>8} {'CPU p95':>8} {'Postgres':>9}")
    kinds = ["all", *dict.fromkeys(one["kind"] for one in results["taken"])]
    for kind in kinds:
        those = [one for one in results["taken"] if kind in ("all", one["kind"])]
        wall = [one["ms"] for one in those]
        cpu = [one["server"] + one["postgres"] for one in those]
        print(
            f"{kind:10} {len(those):4} {statistics.median(wall):8.1f} {percentile(wall, 0.95):8.1f} "
            f"{statistics.median(cpu):8.1f} {percentile(cpu, 0.95):8.1f} "
            f"{statistics.median(one['postgres'] for one in those):9.1f}"
        )
    for name, plan in results["plans"].items():
        print(f"\n{name}:\n{plan}")
    if given.json:
        given.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
