"""A restored backup: a real copy of the files, put back, and a plain start; nothing is told of it.

Whoever has seen what is now gone must load anew: those who come back with a cursor, and those who never left.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from app.config import Settings
from app.migrations import migrate
from lockstep.embedded import Servers, start_servers
from tests.client import JSON, Client
from tests.faults.proxy import Proxy
from tests.faults.test_postgres_away import readiness
from tests.invariants import EVENTS_AFTER
from tests.live.places import SHORT
from tests.service import Doors, serve


class Machine:
    """Servers on a folder whose database can be copied and put back while they are stopped."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.servers: Servers = start_servers(path, durable=False)

    @property
    def _files(self) -> Path:
        return (self.path / "servers").resolve() / "postgres"

    def back_up(self) -> None:
        """Stop, copy the files, start."""
        self.servers.stop()
        subprocess.run(["cp", "-a", self._files, self._files.with_name("backup")], check=True)
        self.servers = start_servers(self.path, durable=False)

    def restore(self) -> None:
        """Stop, put the copy back, start."""
        self.servers.stop()
        shutil.rmtree(self._files)
        self._files.with_name("backup").rename(self._files)
        self.servers = start_servers(self.path, durable=False)


@pytest.fixture
def machine(quiet: None) -> Iterator[Machine]:
    path = Path(tempfile.mkdtemp(prefix="lockstep-restored-"))
    path.chmod(0o711 if os.geteuid() == 0 else 0o700)
    machine = Machine(path)
    yield machine
    machine.servers.stop()
    shutil.rmtree((path / "servers").resolve(), ignore_errors=True)
    shutil.rmtree(path, ignore_errors=True)


async def edit(client: Client, project: JSON, times: int) -> JSON:
    """New tasks; where the log stands then."""
    position: JSON = {}
    for number in range(times):
        payload = await client.do("taskCreate", projectId=project["id"], title=f"Task {number}")
        position = payload["positions"][0]
    return position


async def reasons(client: Client, scope: str, cursor: str) -> list[str | None]:
    """How both doors refuse to go on from a cursor."""
    async with client.follow(scope, cursor) as stream:
        live = stream.frames[0]
    asked = (await client.query(EVENTS_AFTER, scope=scope, after=cursor, first=10))["events"]
    for frame in (live, asked):
        assert (frame["kind"], frame["events"]) == ("RESYNC", [])
    return [live["reason"], asked["reason"]]


async def test_nobody_goes_on_in_another_history(machine: Machine, doors: Doors) -> None:
    servers = machine.servers
    migrate(servers.owner_url)
    given: dict[str, Any] = {
        "database_url": servers.database_url,
        "database_owner_url": servers.owner_url,
        "redis_url": servers.redis_url,
        "data_dir": machine.path,
    }
    direct = Settings(**given)
    place = urlsplit(servers.database_url)
    async with Proxy.open(place.hostname or "", place.port or 0) as proxy:
        settings = direct.model_copy(update={"database_url": proxy.instead_of(direct.database_url)})
        async with serve(doors, settings) as stayed:
            owner = await stayed.client().sign_up("owner@lockstep.example", "Owner")
            workspace = (await owner.do("workspaceCreate", name="Works"))["workspace"]
            project = (
                await owner.do("projectCreate", workspaceId=workspace["id"], key="ENG", name="Engine")
            )["project"]
            scope = project["scope"]
            common = await edit(owner, project, 2)
            async with owner.socket() as socket:
                await proxy.cut()
                machine.back_up()
                assert machine.servers.database_url == direct.database_url
                proxy.mend()
                await readiness(stayed, 200)
                live = await socket.follow(scope, selection=SHORT)
                behind = await socket.follow(scope, common["cursor"], selection=SHORT)
                lost = await edit(owner, project, 3)
                await live.until(lost["seq"])
                await behind.until(lost["seq"])
                await proxy.cut()
                machine.restore()
                async with serve(doors, direct) as restarted:
                    back = restarted.client(owner.token)
                    assert await reasons(back, scope, lost["cursor"]) == ["FROM_THE_FUTURE"] * 2
                    assert (await edit(back, project, 3))["seq"] == lost["seq"]
                    assert await reasons(back, scope, lost["cursor"]) == ["OTHER_HISTORY"] * 2
                    ahead = await edit(back, project, 2)
                    assert await reasons(back, scope, lost["cursor"]) == ["OTHER_HISTORY"] * 2
                    # What both histories have is as good as ever.
                    async with back.follow(scope, common["cursor"]) as resumed:
                        assert len(await resumed.until(ahead["seq"])) == 5
                # The process that never stopped had heard of the new history's events by Redis, and told none of them.
                proxy.mend()
                for stream in (live, behind):
                    told = list(stream.events)
                    frame = await stream.frame()
                    assert (frame["kind"], frame["reason"]) == ("RESYNC", "OTHER_HISTORY")
                    assert stream.events == told
                    assert (await socket.message(stream.identifier))["type"] == "complete"
                await readiness(stayed, 200)
                async with owner.follow(scope, ahead["cursor"]) as again:
                    new = await edit(owner, project, 1)
                    assert len(await again.until(new["seq"])) == 1
