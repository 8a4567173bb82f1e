"""What a search takes among many tasks, behind row-level security: time, CPU, and the plans.

    .venv/bin/python -m benchmarks.search [--tasks 1000000] [--requests 400]

Texts are drawn from a seeded vocabulary of 60,000 words of which the commonest is in every third text, as words of a
language are (Zipf). Asked are common and rare words, pairs, beginnings and phrases, in all projects and in one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from app.migrations import migrate
from benchmarks.data import PASSWORD, Stage, fill
from benchmarks.processes import Clock, free_port, running
from benchmarks.search_data import WORDS, Language, load
from benchmarks.search_plans import compare
from benchmarks.stage import UNBOUNDED
from lockstep.embedded import start_servers

SEARCH = """query Search($text: String!, $projects: [ID!], $filter: TaskFilter) {
  search(text: $text, projectIds: $projects, filter: $filter) {
    complete hits(first: 20) { nodes { score task { id title } } } } }"""
SIGN_IN = "mutation($i: SignInInput!) { signIn(input: $i) { accessToken } }"
ACCOUNT = {"email": "bench@lockstep.example", "password": PASSWORD}
PROJECTS = 50
FILTERS: dict[str, dict[str, Any]] = {
    "open": {"statusCategory": {"nin": ["COMPLETED", "CANCELLED"]}},
    "started": {"statusCategory": {"eq": "STARTED"}},
    "older": {"updatedAt": {"lt": "2026-02-01T00:00:00Z"}},
    "mine": {"assignee": {"me": True}},
}
"""Beside the text: what most tasks are, what few are, none of the newest, and hardly any."""


def questions(language: Language, requests: int) -> Iterator[tuple[str, str]]:
    """Kinds and texts, in the proportions in which people ask."""
    kinds = ["common", "middling", "middling", "rare", "pair", "pair", "pair", "begun", "begun", "phrase"]
    chosen = random.Random(2)
    for number in range(requests):
        kind = kinds[number % len(kinds)]
        common, middling = chosen.randrange(50), chosen.randrange(50, 3000)
        text = {
            "common": f"{language.words[common]} ",
            "middling": f"{language.words[middling]} ",
            "rare": f"{language.words[chosen.randrange(3000, WORDS)]} ",
            "pair": f"{language.words[chosen.randrange(2000)]} {language.words[middling]} ",
            "begun": language.words[middling][: chosen.randint(3, 5)],
            "phrase": f'"{" ".join(chosen.choice(language.sequences).split()[2:4])}"',
        }[kind]
        yield kind, text


def ask(
    url: str, made: Stage, pids: tuple[int, int], language: Language, requests: int, filtered: bool = False
) -> list[dict[str, Any]]:
    """Time and CPU of each search, one after the other: half everywhere, the rest in one project or in three.

    ``filtered``: each with one of the filters beside.
    """
    headers = {"Authorization": f"Bearer {made.token}"}
    taken = []
    with httpx.Client(base_url=url, headers=headers, timeout=60) as http:
        chosen = random.Random(3)
        for number, (kind, text) in enumerate(questions(language, requests)):
            within, beside = None, list(FILTERS)[number // 10 % len(FILTERS)] if filtered else None
            if (places := chosen.choice((0, 0, 1, 3))) > 0:
                within = chosen.sample(made.project_ids, places)
            clocks = [Clock(pids[0]), Clock(pids[1], sessions=True)]
            begun = time.perf_counter()
            answer = http.post(
                "/graphql", json={"query": SEARCH, "variables": {
                    "text": text, "projects": within, "filter": FILTERS[beside] if beside else None
                }}
            )  # fmt: skip
            wall = (time.perf_counter() - begun) * 1000
            server, postgres = (clock.ms() for clock in clocks)
            found = answer.json()
            if "errors" in found:
                raise RuntimeError(answer.text[:500])
            hits = len(found["data"]["search"]["hits"]["nodes"])
            taken.append({
                "kind": kind, "filter": beside, "places": places, "text": text, "ms": wall, "server": server,
                "postgres": postgres, "hits": hits,
            })  # fmt: skip
    return taken


def run(tasks: int, requests: int, folder: Path) -> dict[str, Any]:
    """The figures, of the data in this folder; of new data if there is none."""
    language = Language()
    folder.mkdir(exist_ok=True)
    folder.chmod(0o711)
    with ExitStack() as stack:
        servers = stack.enter_context(start_servers(folder / "data", durable=False))
        migrate(servers.owner_url)
        port = free_port()
        environment = {
            "DATABASE_URL": servers.database_url, "DATABASE_OWNER_URL": servers.owner_url,
            "REDIS_URL": servers.redis_url, "LOCKSTEP_DATA_DIR": str(folder), "LOCKSTEP_LOG_LEVEL": "warning",
            "LOCKSTEP_PORT": str(port), "LOCKSTEP_WORKERS": "1", "LOCKSTEP_SEARCH_INDEXING": "false", **UNBOUNDED,
        }  # fmt: skip
        server = stack.enter_context(running(["-m", "lockstep", "serve"], environment, port, "/health/ready"))
        url = f"http://127.0.0.1:{port}"
        made = _stage(url, servers.admin_url, folder / f"stage-{tasks}.json", language, tasks)
        postgres = asyncio.run(_postmaster(servers.admin_url))
        ask(url, made, (server, postgres), language, min(requests, 40))  # to warm up
        taken = ask(url, made, (server, postgres), language, requests)
        return {
            "tasks": tasks,
            "taken": taken,
            "filtered": ask(url, made, (server, postgres), language, requests, filtered=True),
            "wall": asyncio.run(compare(servers.admin_url, servers.database_url, language)),
        }


def _stage(url: str, admin_url: str, kept: Path, language: Language, tasks: int) -> Stage:
    if kept.exists():
        made = Stage(**json.loads(kept.read_text()))
        answer = httpx.post(f"{url}/graphql", json={"query": SIGN_IN, "variables": {"i": ACCOUNT}})
        return replace(made, token=answer.json()["data"]["signIn"]["accessToken"])
    made = asyncio.run(fill(url, admin_url, [1] * PROJECTS, people=20))
    begun = time.perf_counter()
    asyncio.run(load(admin_url, language, tasks))
    print(f"{tasks:,} tasks stored and indexed in {time.perf_counter() - begun:.0f} s", flush=True)
    kept.write_text(json.dumps(asdict(made)))
    return made


async def _postmaster(admin_url: str) -> int:
    connection = await asyncpg.connect(admin_url)
    folder = Path(await connection.fetchval("SHOW data_directory"))
    await connection.close()
    return int((folder / "postmaster.pid").read_text().split()[0])


def percentile(values: list[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def tell(whole: str, taken: list[dict[str, Any]], by: str) -> None:
    """A line for all of them, and one for each of what tells them apart."""
    groups = {whole: taken} if whole else {}
    for one in taken:
        groups.setdefault(one[by], []).append(one)
    for name, those in groups.items():
        wall = [one["ms"] for one in those]
        cpu = [one["server"] + one["postgres"] for one in those]
        print(
            f"{name:16} {len(those):4} {statistics.median(wall):8.1f} {percentile(wall, 0.95):8.1f} "
            f"{statistics.median(cpu):8.1f} {percentile(cpu, 0.95):8.1f} "
            f"{statistics.median(one['postgres'] for one in those):9.1f}"
        )


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--tasks", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--data", type=Path, help="a folder for the data, for another run to find it there")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as passing:
        results = run(given.tasks, given.requests, given.data or Path(passing))
    print(f"{'':16} {'n':>4} {'p50 ms':>8} {'p95 ms':>8} {'CPU p50':>8} {'CPU p95':>8} {'Postgres':>9}")
    tell("all", results["taken"], "kind")
    tell("all with a filter", results["filtered"], "kind")
    tell("", results["filtered"], "filter")
    for row in results["wall"]["cpu"]:
        print(
            "CPU ms:",
            ", ".join(f"{name} {value if value is None else round(value, 1)}" for name, value in row.items()),
        )
    for name, plan in results["wall"]["plans"].items():
        print(f"\n{name}:\n{plan}")
    if given.json:
        given.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
