"""Faults put in while everybody works: cut connections, a killed Redis, a killed server."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lockstep.replay.client import Client
from lockstep.replay.schedule import Schedule
from lockstep.replay.servers import ServerProcess

STEPS_PER_CUT = 40
LEAST_CUTS = 12
AWAY_SECONDS = 0.3
REDIS_AT = (0.2, 0.5, 0.8)
SERVER_AT = (0.35, 0.65)


@dataclass(frozen=True)
class Asked:
    """Which faults were asked for."""

    drop_sockets: bool = False
    restart_redis: bool = False
    kill_server: bool = False


@dataclass(frozen=True)
class Redis:
    """How to kill and start the Redis that we run ourselves; both block."""

    kill: Callable[[], None]
    start: Callable[[], None]


class Faults:
    """Puts in what was asked for, by the progress of the work, and counts it."""

    def __init__(
        self,
        asked: Asked,
        schedule: Schedule,
        clients: Sequence[Client],
        servers: Sequence[ServerProcess],
        redis: Redis | None,
        seed: int,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._schedule = schedule
        self._clients = clients
        self._servers = servers
        self._redis = redis
        self._chance = random.Random(seed)
        self._jobs = [
            job for wanted, job in (
                (asked.drop_sockets, self._cut_connections),
                (asked.restart_redis, self._restart_redis),
                (asked.kill_server, self._kill_servers),
            ) if wanted
        ]  # fmt: skip

    async def run(self) -> None:
        """Put in all faults; returns when the last one is over and everything runs again."""
        async with asyncio.TaskGroup() as group:
            for job in self._jobs:
                group.create_task(job())

    async def _cut_connections(self) -> None:
        """Half of them live streams, half of them requests, which may be on their way."""
        cuts = max(len(self._schedule.steps) // STEPS_PER_CUT, LEAST_CUTS)
        for number in range(1, cuts + 1):
            await self._schedule.reached((number - self._chance.random()) / (cuts + 1))
            client = self._chance.choice(self._clients)
            if number % 2:
                self.counts["live streams cut"] += client.stream.abort()
            else:
                self.counts["requests cut"] += client.door.abort()

    async def _restart_redis(self) -> None:
        assert self._redis is not None
        for share in REDIS_AT:
            await self._schedule.reached(share)
            await asyncio.to_thread(self._redis.kill)
            await asyncio.sleep(AWAY_SECONDS)
            await asyncio.to_thread(self._redis.start)
            self.counts["Redis killed and started"] += 1

    async def _kill_servers(self) -> None:
        for number, share in enumerate(SERVER_AT):
            await self._schedule.reached(share)
            server = self._servers[number % len(self._servers)]
            await asyncio.to_thread(server.kill)
            await asyncio.sleep(AWAY_SECONDS)
            server.start()
            await server.ready()
            self.counts["servers killed and started"] += 1
