"""`lockstep keys`: the keys that sign access tokens, seen and rotated. Running processes notice by themselves."""

from pathlib import Path

from rich.console import Console
from rich.table import Column, Table

from app.accounts.keys import KeyRing, KeysUnreadable
from app.accounts.tokens import LOOK_SECONDS
from app.config import Settings
from app.values import now_utc
from lockstep.embedded import ServersError


def show(settings: Settings) -> None:
    """Print which key signs, which is next, which only verify."""
    _print(_read(settings)[1])


def rotate(settings: Settings) -> None:
    """Sign with the next key from now on; the one before verifies as long as its tokens can live."""
    path, ring = _read(settings)
    _write(path, ring.rotated(now_utc()))
    print(f"Running processes sign with it within {LOOK_SECONDS:g} seconds.")


def remove(settings: Settings, kid: str) -> None:
    """Drop a key at once, and with it the tokens that it signed."""
    path, ring = _read(settings)
    if ring.find(kid) is None:
        raise ServersError(f"there is no key {kid}; see `lockstep keys list`")
    _write(path, ring.without(kid, now_utc()))
    print(f"Running processes refuse its tokens within {LOOK_SECONDS:g} seconds.")


def _read(settings: Settings) -> tuple[Path, KeyRing]:
    path = settings.keys_path
    try:
        return path, KeyRing.read(path)
    except FileNotFoundError:
        raise ServersError(f"there is no {path}: the service makes it when it first starts") from None
    except PermissionError:
        raise ServersError(f"cannot read {path}") from None
    except KeysUnreadable as fault:
        raise ServersError(str(fault)) from None


def _write(path: Path, ring: KeyRing) -> None:
    try:
        ring.write(path, replacing=True)
    except OSError as fault:
        raise ServersError(f"cannot write {path}: {fault.strerror}") from None
    _print(ring)


def _print(ring: KeyRing) -> None:
    table = Table(Column("key", no_wrap=True), "state", "since")
    for key in ring.keys:
        table.add_row(key.kid, key.state.value, f"{key.since:%Y-%m-%d %H:%M} UTC")
    Console().print(table)
