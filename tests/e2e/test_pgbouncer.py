"""The service through PgBouncer in transaction mode, with two connections to the database for everything.

Nothing of ours may live in a session: no setting, no lock, no prepared statement that PgBouncer does not track. A
PgBouncer older than 1.21 tracks none: then `LOCKSTEP_PREPARED_STATEMENTS=off`, as the documentation says.
"""

import asyncio
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest

from app.migrations import migrate
from lockstep.embedded import Servers, temporary_servers
from lockstep.embedded.account import account_for
from tests.generous import ENVIRONMENT

PATIENCE_SECONDS = 60
SERVERS = 2
CLIENTS = 12
EDITS = 8
TRACKS_STATEMENTS = (1, 21)
EDITS_KEPT = "SELECT count(*) FROM events WHERE kind IN ('TaskCreated', 'TaskUpdated')"
CREATE = "mutation ($input: TaskCreateInput!) { taskCreate(input: $input) { task { id version } errors { message } } }"
BOARD = """
{ project(key: "POOL") { statuses { id name } tasks { totalCount nodes { title assignees { id } } } } }
"""


@dataclass(frozen=True)
class Bouncer:
    """A running PgBouncer before a database."""

    version: tuple[int, ...]
    database_url: str
    console_url: str

    @property
    def prepared_statements(self) -> bool:
        return self.version >= TRACKS_STATEMENTS

    def server_connections(self) -> int:
        """How many connections to the database there are, by its own word."""
        with psycopg.connect(self.console_url, autocommit=True) as console:
            return len(console.execute("SHOW SERVERS").fetchall())


@contextmanager
def pgbouncer(servers: Servers) -> Iterator[Bouncer]:
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        pytest.fail("no pgbouncer on this machine: `.ci/run` installs it, or `apt-get install pgbouncer`")
    version = re.search(r"(\d+)\.(\d+)", subprocess.check_output([program, "--version"], text=True))
    assert version is not None
    given = urlsplit(servers.database_url)
    word = secrets.token_urlsafe(16)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    account = account_for(None)
    folder = Path(tempfile.mkdtemp(prefix="lockstep-bouncer-"))
    (folder / "users.txt").write_text(f'"{given.username}" "{given.password}"\n"console" "{word}"\n')
    (folder / "pgbouncer.ini").write_text(
        f"""
[databases]
lockstep = host=127.0.0.1 port={given.port} dbname=lockstep
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users.txt
admin_users = console
pool_mode = transaction
default_pool_size = {SERVERS}
max_client_conn = 200
{"max_prepared_statements = 200" if _numbers(version) >= TRACKS_STATEMENTS else ""}
"""
    )
    for path in (folder, *folder.iterdir()):
        account.own(path)
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, "-q", folder / "pgbouncer.ini"],
            stdout=output,
            stderr=output,
            cwd=folder,
            user=account.user,
            group=account.group,
            extra_groups=account.extra_groups,
        )
    try:
        url = f"postgresql://{given.username}:{given.password}@127.0.0.1:{port}/lockstep"
        console = f"postgresql://console:{word}@127.0.0.1:{port}/pgbouncer"
        _answer(console, process, log)
        yield Bouncer(_numbers(version), url, console)
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)
        shutil.rmtree(folder)


def _numbers(version: re.Match[str]) -> tuple[int, ...]:
    return int(version[1]), int(version[2])


def _answer(console: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until PgBouncer answers; each try takes as long as the operating system lets it."""
    while True:
        try:
            return psycopg.connect(console, autocommit=True).close()
        except psycopg.OperationalError:
            assert process.poll() is None, log.read_text()


@asynccontextmanager
async def serving(servers: Servers, bouncer: Bouncer, data: Path) -> AsyncIterator[httpx.AsyncClient]:
    """`lockstep serve` behind PgBouncer."""
    environment = ENVIRONMENT | {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": bouncer.database_url,
        "REDIS_URL": servers.redis_url,
        "LOCKSTEP_DATA_DIR": str(data),
        "LOCKSTEP_PREPARED_STATEMENTS": "on" if bouncer.prepared_statements else "off",
        "LOCKSTEP_POOL_SIZE": str(CLIENTS),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "lockstep", "serve", "--port", "0", "--workers", "1"),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    said = b""
    async for line in process.stdout:
        said += line
        if found := re.match(rb"lockstep: (http\S+)/graphql", line):
            break
    else:
        raise AssertionError(said.decode())
    rest = asyncio.create_task(process.stdout.read())
    try:
        async with httpx.AsyncClient(base_url=found[1].decode(), timeout=PATIENCE_SECONDS) as client:
            yield client
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), PATIENCE_SECONDS)
        log = (await rest).decode()
    assert process.returncode == 0, log
    assert "Traceback" not in log, log


class Person:
    """One client with an account of its own."""

    def __init__(self, client: httpx.AsyncClient, number: int) -> None:
        self.client = client
        self.email = f"person-{number}@demo.example"
        self.token = ""

    async def ask(self, document: str, **variables: Any) -> Any:
        """The value of the operation's one field; errors of any kind fail the test."""
        answer = await self.client.post(
            "/graphql",
            json={"query": document, "variables": variables},
            headers={"authorization": f"Bearer {self.token}"} if self.token else {},
        )
        body = answer.json()
        assert "errors" not in body, body
        (value,) = body["data"].values()
        assert not (isinstance(value, dict) and value.get("errors")), value
        return value

    async def sign_up(self) -> None:
        signed = await self.ask(
            "mutation ($input: SignUpInput!) { signUp(input: $input) { accessToken errors { message } } }",
            input={"email": self.email, "password": secrets.token_urlsafe(12), "name": "Demo Person"},
        )
        self.token = signed["accessToken"]

    async def new_project(self) -> str:
        made = await self.ask(
            "mutation ($input: WorkspaceCreateInput!)"
            " { workspaceCreate(input: $input) { workspace { id } errors { message } } }",
            input={"name": "Demo"},
        )
        project = await self.ask(
            "mutation ($input: ProjectCreateInput!)"
            " { projectCreate(input: $input) { project { id } errors { message } } }",
            input={"workspaceId": made["workspace"]["id"], "key": "POOL", "name": "Pooled"},
        )
        return str(project["project"]["id"])

    async def work(self) -> list[str]:
        """Makes a task and edits it, reading the board between the edits; the titles it should have had."""
        project = await self.new_project()
        titles = [f"title {number}" for number in range(EDITS)]
        task = await self.ask(
            CREATE,
            input={"projectId": project, "title": titles[0]},
        )
        version = task["task"]["version"]
        for title in titles[1:]:
            changed = await self.ask(
                "mutation ($input: TaskUpdateInput!)"
                " { taskUpdate(input: $input) { task { version title } errors { message } } }",
                input={"id": task["task"]["id"], "expectedVersion": version, "patch": {"title": title}},
            )
            version = changed["task"]["version"]
            board = await self.ask(BOARD)
            assert [node["title"] for node in board["tasks"]["nodes"]] == [title]
        return titles


@pytest.fixture
def bounced() -> Iterator[tuple[Servers, Bouncer]]:
    with temporary_servers() as servers, pgbouncer(servers) as bouncer:
        migrate(servers.owner_url)
        yield servers, bouncer


async def test_many_clients_share_two_connections(bounced: tuple[Servers, Bouncer]) -> None:
    servers, bouncer = bounced
    async with serving(servers, bouncer, servers.data_dir) as client:
        people = [Person(client, number) for number in range(CLIENTS)]
        await asyncio.gather(*(person.sign_up() for person in people))
        done = await asyncio.gather(*(person.work() for person in people))
        ready = await client.get("/health/ready")
        assert ready.status_code == 200, ready.text
        assert 1 <= bouncer.server_connections() <= SERVERS
    with psycopg.connect(servers.owner_url) as connection:
        kept = connection.execute(EDITS_KEPT).fetchone()
    assert kept == (sum(map(len, done)),)
