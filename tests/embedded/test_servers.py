"""What the embedded servers promise: roles, secrets, one user per folder, restarts on the same address."""

import os
import shutil
import socket
import stat
import time
from pathlib import Path

import psycopg
import pytest
import redis

from lockstep.embedded import InUseError, ServersError, cluster, start_servers, temporary_servers


def ask(url: str, statement: str) -> tuple[object, ...] | None:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchone() if cursor.description else None


def test_the_service_role_owns_nothing_and_can_bypass_nothing(data_dir: Path) -> None:
    with start_servers(data_dir, durable=False) as servers:
        rights = "rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole OR rolreplication"
        assert ask(servers.database_url, f"SELECT {rights} FROM pg_roles WHERE rolname = current_user") == (
            False,
        )
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            ask(servers.database_url, "CREATE TABLE mine (id int)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            ask(servers.database_url, "CREATE TEMP TABLE mine (id int)")
        ask(servers.owner_url, "CREATE TABLE theirs (id int)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            ask(servers.database_url, "SELECT * FROM theirs")
        ask(servers.owner_url, "CREATE EXTENSION citext")
        assert ask(servers.admin_url, "SELECT current_setting('is_superuser')") == ("on",)


def test_the_database_sorts_by_code_point_and_knows_unicode(data_dir: Path) -> None:
    with start_servers(data_dir, durable=False) as servers:
        found = ask(servers.database_url, "SELECT upper('é'), 'Z' < 'a', version() LIKE 'PostgreSQL 18%'")
        assert found == ("É", True, True)


def test_nobody_gets_in_without_the_passwords(data_dir: Path) -> None:
    with start_servers(data_dir, durable=False) as servers:
        words = servers.database_url.split("@")[0].rsplit(":", 1)[1]
        for url in (servers.database_url, servers.owner_url, servers.admin_url):
            user = url.split("//")[1].split(":")[0]
            with pytest.raises(psycopg.OperationalError):
                ask(url.replace(f"{user}:", f"{user}:x"), "SELECT 1")
        with (
            redis.Redis.from_url(servers.redis_url.replace("//:", "//:x")) as client,
            pytest.raises(redis.AuthenticationError),
        ):
            client.ping()
        assert stat.S_IMODE((data_dir / "secrets.json").stat().st_mode) == 0o600
        assert words in (data_dir / "secrets.json").read_text()
        for process in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                assert words.encode() not in process.read_bytes()
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue


def test_data_and_addresses_outlast_a_restart(data_dir: Path) -> None:
    with start_servers(data_dir) as servers:
        ask(servers.owner_url, "CREATE TABLE kept AS SELECT 42 AS answer")
        first = (servers.database_url, servers.redis_url)
    with start_servers(data_dir) as servers:
        assert (servers.database_url, servers.redis_url) == first
        assert ask(servers.owner_url, "SELECT answer FROM kept") == (42,)


def test_a_port_that_somebody_took_is_replaced(data_dir: Path) -> None:
    with start_servers(data_dir, durable=False) as servers:
        port = int(servers.database_url.rsplit(":", 1)[1].split("/")[0])
    with socket.create_server(("127.0.0.1", port)), start_servers(data_dir, durable=False) as servers:
        assert f":{port}/" not in servers.database_url
        assert ask(servers.database_url, "SELECT 1") == (1,)


def test_a_second_start_says_at_once_that_the_folder_is_in_use(data_dir: Path) -> None:
    with start_servers(data_dir, durable=False):
        began = time.monotonic()
        with pytest.raises(InUseError, match=f"{data_dir} is in use: process {os.getpid()} "):
            start_servers(data_dir)
        assert time.monotonic() - began < 1
    with start_servers(data_dir, durable=False) as servers:
        assert ask(servers.database_url, "SELECT 1") == (1,)


def test_redis_comes_back_empty_at_the_same_address(data_dir: Path) -> None:
    with start_servers(data_dir, durable=False) as servers, redis.Redis.from_url(servers.redis_url) as client:
        for again in (servers.restart_redis, servers.start_redis):
            client.set("word", "kept for now")
            if again == servers.start_redis:
                servers.kill_redis()
                with pytest.raises(redis.ConnectionError):
                    client.ping()
            again()
            assert client.get("word") is None


def test_postgres_recovers_from_a_kill(data_dir: Path) -> None:
    with start_servers(data_dir) as servers:
        ask(servers.owner_url, "CREATE TABLE kept AS SELECT 42 AS answer")
        servers.kill_postgres()
        servers.start_postgres()
        assert ask(servers.owner_url, "SELECT answer FROM kept") == (42,)


def test_a_copy_of_the_folder_starts_as_it_is(data_dir: Path) -> None:
    with start_servers(data_dir) as servers:
        ask(servers.owner_url, "CREATE TABLE kept AS SELECT 42 AS answer")
        url = servers.database_url
    copy = data_dir / "restored"
    shutil.copytree(data_dir / "servers", copy / "servers", symlinks=True)
    for path in [copy, *copy.rglob("*")]:  # cp -a
        owner = data_dir.joinpath(path.relative_to(copy)).stat()
        os.chown(path, owner.st_uid, owner.st_gid)
    with start_servers(copy) as servers:  # without its secrets: they are made anew
        assert ask(servers.owner_url, "SELECT answer FROM kept") == (42,)
        assert servers.database_url.split("@")[0] != url.split("@")[0]


def test_temporary_servers_leave_nothing() -> None:
    with temporary_servers() as servers:
        assert ask(servers.database_url, "SELECT 1") == (1,)
        path = servers.data_dir
        place = (path / "servers").resolve()
    assert not path.exists()
    assert not place.exists()


def test_trouble_is_told_in_one_clear_line(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with start_servers(data_dir, durable=False):
        pass
    secrets = (data_dir / "secrets.json").read_text()
    (data_dir / "secrets.json").write_text("{}")
    with pytest.raises(ServersError, match=r"secrets\.json is damaged"):
        start_servers(data_dir)
    (data_dir / "secrets.json").write_text(secrets)
    version = data_dir / "servers/postgres/PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(ServersError, match="is of PostgreSQL 17, this one is 18"):
        start_servers(data_dir)
    version.write_text("18\n")
    monkeypatch.setattr(cluster, "SETTINGS", {"no_such_setting": "1"})
    with pytest.raises(ServersError, match=r"(?s)postgres ended with status 1.*no_such_setting"):
        start_servers(data_dir)
    with pytest.raises(ServersError, match="cannot use the folder /proc/nowhere"):
        start_servers(Path("/proc/nowhere"))
    monkeypatch.undo()
    with start_servers(data_dir, durable=False) as servers:
        assert ask(servers.database_url, "SELECT 1") == (1,)
