"""`lockstep dev`: everything from nothing, and nothing left behind."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from app.migrations import migrate
from app.revisions import newest
from lockstep.embedded import secrets_in_use, start_servers, temporary_servers
from tests.command_line.conftest import ROOT, Command

Start = Callable[..., Command]


def development(lockstep: Start, data_dir: Path, *words: str) -> tuple[Command, str]:
    """A running service on a port of its own, and its address."""
    command = lockstep("dev", "--port", "0", *words, LOCKSTEP_DATA_DIR=str(data_dir))
    line = command.wait_for("/graphql")
    command.wait_for("Ctrl-C")
    return command, line.split()[-1].removesuffix("/graphql")


def ask(address: str, document: str, token: str = "") -> Any:
    request = urllib.request.Request(
        f"{address}/graphql",
        json.dumps({"query": document}).encode(),
        {"content-type": "application/json", "authorization": f"Bearer {token}"}
        if token
        else {"content-type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["data"]


def test_it_serves_tells_how_to_sign_in_and_stops_at_ctrl_c(lockstep: Start, data_dir: Path) -> None:
    """One start, for what is asked of a running service is asked of the same one."""
    command, address = development(lockstep, data_dir)
    assert ask(address, "{ __typename }") == {"__typename": "Query"}
    assert re.search(r"owner@demo\.example, password \S{12}", command.output)
    prove_a_token_for_scripts(lockstep, data_dir, address)
    prove_a_second_start_says_who_has_the_data(lockstep, data_dir, command, address)
    command.interrupt()
    assert command.end() == 0, command.output
    assert command.lines[-1] == "lockstep: stopped"
    assert not (data_dir / "servers/postgres/postmaster.pid").exists()


def prove_a_token_for_scripts(lockstep: Start, data_dir: Path, address: str) -> None:
    """It comes from the running service."""
    printing = lockstep("token", "--email", "owner@demo.example", LOCKSTEP_DATA_DIR=str(data_dir))
    assert printing.end() == 0, printing.output
    answer = ask(address, "{ viewer { email } }", printing.output.strip())
    assert answer == {"viewer": {"email": "owner@demo.example"}}
    unknown = lockstep("token", "--email", "nobody@demo.example", LOCKSTEP_DATA_DIR=str(data_dir))
    assert unknown.end() == 1
    assert "nobody@demo.example" in unknown.output


def prove_a_second_start_says_who_has_the_data(
    lockstep: Start, data_dir: Path, first: Command, address: str
) -> None:
    """Or, with data of its own, that the port is taken; the first goes on."""
    port = address.rsplit(":", 1)[1]
    second = lockstep("dev", "--port", port, LOCKSTEP_DATA_DIR=str(data_dir))
    assert second.end() == 1
    assert second.lines == [
        (
            f"lockstep: {data_dir} is in use: process {first.process.pid} runs its servers. "
            "Stop that one first, or set LOCKSTEP_DATA_DIR to another folder"
        )
    ]
    elsewhere = lockstep("dev", "--port", port, LOCKSTEP_DATA_DIR=str(data_dir / "other"))
    assert elsewhere.end() == 1
    assert f"port {port}: Address already in use" in elsewhere.output
    assert ask(address, "{ __typename }") == {"__typename": "Query"}


def test_sigkill_leaves_no_server_and_the_next_start_has_all(lockstep: Start, data_dir: Path) -> None:
    for workers in ("1", "2"):
        command, address = development(lockstep, data_dir, "--workers", workers)
        command.process.kill()
        command.process.wait()
        # Waits for all processes of the earlier run, workers too: they hold the port and the output.
        assert command.end() == -signal.SIGKILL
        with start_servers(data_dir):
            assert secrets_in_use(data_dir) is not None
        assert not answers(address)


def answers(address: str) -> bool:
    try:
        urllib.request.urlopen(f"{address}/health/live").close()
    except OSError:
        return False
    return True


def test_it_ends_with_the_make_that_runs_it(lockstep: Start, data_dir: Path) -> None:
    program = (
        "import subprocess, sys\n"
        "words = ['dev', '--port', '0', '--until-parent-ends']\n"
        "child = subprocess.Popen([sys.executable, '-m', 'lockstep', *words])\n"
        "print(child.pid, flush=True)\n"
        "child.wait()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "LOCKSTEP_DATA_DIR": str(data_dir)},
    ) as make:
        assert make.stdout is not None
        assert any("Ctrl-C" in line for line in make.stdout)
        make.kill()
        # The end of its output is the end of the service, which has it open too.
        assert "Address" not in make.stdout.read()
    with start_servers(data_dir):
        pass


def test_several_workers_share_the_port_and_drain(lockstep: Start, data_dir: Path) -> None:
    command, address = development(lockstep, data_dir, "--workers", "2")
    assert ask(address, "{ __typename }") == {"__typename": "Query"}
    command.process.terminate()
    assert command.end() == 0, command.output
    assert not (data_dir / "servers/postgres/postmaster.pid").exists()


def test_a_service_that_cannot_start_says_so(lockstep: Start, data_dir: Path) -> None:
    # The owner of the tables is refused as the service's role.
    with temporary_servers() as servers:
        given = {"DATABASE_URL": servers.owner_url, "REDIS_URL": servers.redis_url}
        migrated = lockstep("migrate", DATABASE_OWNER_URL=servers.owner_url)
        assert migrated.end() == 0, migrated.output
        for workers in ("1", "2"):
            command = lockstep(
                "serve", "--port", "0", "--workers", workers, LOCKSTEP_DATA_DIR=str(data_dir), **given
            )
            assert command.end() == 1
            assert "did not start" in command.lines[-1]


def test_an_older_schema_is_refused_in_one_line(lockstep: Start, data_dir: Path) -> None:
    with temporary_servers() as servers:
        given = {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url}
        given["LOCKSTEP_DATA_DIR"] = str(data_dir)
        for migrated in (False, True):
            if migrated:
                migrate(servers.owner_url)
                with psycopg.connect(servers.owner_url) as owner:
                    owner.execute("UPDATE alembic_version SET version_num = '0001'")
            command = lockstep("serve", "--port", "0", **given)
            assert command.end() == 1
            [line] = command.lines
            assert line.startswith("lockstep: the database's schema (")
            assert line.endswith("older than this code (" + newest() + "): run `lockstep migrate`")


def test_serve_needs_servers_and_says_so(lockstep: Start, data_dir: Path) -> None:
    command = lockstep("serve", LOCKSTEP_DATA_DIR=str(data_dir))
    assert command.end() == 2
    assert command.lines == [
        "lockstep: DATABASE_URL and REDIS_URL not set; `lockstep dev` starts servers of its own",
    ]
