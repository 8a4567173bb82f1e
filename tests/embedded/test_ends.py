"""However the process that started the servers ends, none is left, and what was committed is there."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from lockstep.embedded import start_servers
from lockstep.embedded.account import account_for
from tests.embedded.conftest import Holder

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc, and needs PDEATHSIG")
pytestmark = linux


def write(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS number")


def sum_after_restart(data_dir: Path) -> object:
    with start_servers(data_dir) as servers, psycopg.connect(servers.owner_url) as connection:
        row = connection.execute("SELECT sum(number) FROM kept").fetchone()
        assert row is not None
        return row[0]


def test_sigkill_of_the_parent_stops_all_in_order(data_dir: Path, hold: Callable[[], Holder]) -> None:
    holder = hold()
    write(holder.owner_url)
    holder.kill()
    assert holder.servers_end()
    assert not (data_dir / "servers/postgres/postmaster.pid").exists(), "the database was not shut down"
    assert sum_after_restart(data_dir) == 500_500


def test_a_start_right_after_the_kill_waits_for_the_earlier_servers(
    data_dir: Path, hold: Callable[[], Holder]
) -> None:
    holder = hold()
    write(holder.owner_url)
    holder.kill()
    assert sum_after_restart(data_dir) == 500_500
    assert holder.servers_end()


def test_sigkill_of_the_watcher_stops_the_servers(data_dir: Path, hold: Callable[[], Holder]) -> None:
    holder = hold()
    write(holder.owner_url)
    os.kill(holder.watcher, signal.SIGKILL)
    assert holder.servers_end()
    holder.kill()
    assert sum_after_restart(data_dir) == 500_500


def test_sigkill_of_everything_at_once_is_recovered(data_dir: Path, hold: Callable[[], Holder]) -> None:
    holder = hold()
    write(holder.owner_url)
    for pid in (holder.process.pid, holder.watcher, holder.postgres, holder.redis):
        os.kill(pid, signal.SIGKILL)
    assert sum_after_restart(data_dir) == 500_500


def test_sigkill_while_the_database_is_made_leaves_nothing_half_made(data_dir: Path) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path; from lockstep.embedded import start_servers\n"
        "from lockstep.embedded.cluster import Cluster\n"
        "Cluster._sql = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)\n"
        "start_servers(Path(sys.argv[1]))"
    )
    killed = subprocess.run([sys.executable, "-c", program, str(data_dir)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not (data_dir / "servers/postgres").exists()
    with start_servers(data_dir) as servers, psycopg.connect(servers.database_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_pid_left_behind_that_is_now_anothers_does_not_matter(data_dir: Path) -> None:
    with start_servers(data_dir) as servers:
        write(servers.owner_url)
    account = account_for(data_dir / "servers")
    with subprocess.Popen(["sleep", "600"], user=account.user, group=account.group) as other:
        left = data_dir / "servers/postgres/postmaster.pid"
        left.write_text(f"{other.pid}\n{left.parent}\n1700000000\n5432\n\n127.0.0.1\n\nready\n")
        try:
            assert sum_after_restart(data_dir) == 500_500
        finally:
            other.kill()


def test_ctrl_c_reaches_the_service_and_not_the_servers(hold: Callable[[], Holder]) -> None:
    holder = hold()
    os.killpg(holder.process.pid, signal.SIGINT)  # as a terminal does
    assert holder.output.readline() == "('still here',)\n"
    holder.process.communicate("\n", timeout=60)
    assert holder.process.returncode == 0
    assert holder.servers_end()
