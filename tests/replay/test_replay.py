"""The whole command, against two real server processes, with every fault; and that it tells when it did not hold."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.config import load_settings
from lockstep.replay import running
from lockstep.replay.copies import Copy
from lockstep.replay.faults import Asked
from lockstep.replay_command import run
from tests.replay.histories import made_up, write

FIGURE = re.compile(r"^ *(.+?) {2,}([\d.]+)", re.MULTILINE)


@pytest.fixture
def history(tmp_path: Path) -> Path:
    return write(made_up(300), tmp_path / "history.jsonl")


@pytest.fixture
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("LOCKSTEP_") or name in {"DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL"}:
            monkeypatch.delenv(name)


def figures(text: str) -> dict[str, float]:
    """The printed figures by name."""
    return {name: float(value) for name, value in FIGURE.findall(text)}


@pytest.mark.usefixtures("bare_environment")
def test_everybody_has_the_same_board_whatever_breaks(history: Path, tmp_path: Path) -> None:
    refusals = tmp_path / "refusals.jsonl"
    command = [sys.executable, "-P", "-m", "lockstep", "replay", str(history), "--clients", "6"]
    command += ["--drop-sockets", "--restart-redis", "--kill-server", "--refusals", str(refusals)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Everybody has the same board" in done.stdout
    told = figures(done.stdout)
    for name in (
        "merged with newer versions",
        "in conflict",
        "retried on top of the current version",
        "applied",
    ):
        assert told[name] > 0, done.stdout
    for name in ("gaps", "doubles", "losses", "differences"):
        assert told[name] == 0, done.stdout
    for name in (
        "live streams cut",
        "requests cut",
        "Redis killed and started",
        "servers killed and started",
    ):
        assert told[f"fault: {name}"] > 0, done.stdout
    assert told["sent again after a lost answer"] > 0
    share = re.search(r"sent against a stale version +\d+ \(([\d.]+)%", done.stdout)
    assert share is not None
    assert float(share[1]) >= 20
    rows = [json.loads(line) for line in refusals.read_text().splitlines()]
    assert len(rows) == told["refused"]
    assert {row["type"] for row in rows} >= {"VersionConflict"}
    leaves = [line for line in done.stdout.splitlines() if line.startswith("left out")]
    assert any("never creates" in line for line in leaves)


@pytest.mark.usefixtures("bare_environment")
def test_a_client_that_misses_an_event_and_gets_one_twice_is_found(
    history: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    take = Copy.take
    lost: list[int] = []

    def faulty(copy: Copy, frame: dict[str, Any], received_at: float) -> None:
        events = frame["events"]
        added = [event for event in events if event["__typename"] in {"LinkAdded", "CommentAdded"}]
        if copy is copies[0] and added and not lost:
            lost.append(added[0]["seq"])
            events = [event for event in events if event is not added[0]]
        if copy is copies[1]:
            events = [*events, *events[-1:]]
        take(copy, {**frame, "events": events}, received_at)

    copies: list[Copy] = []
    made = Copy.__init__

    def noted(copy: Copy, *arguments: Any, **named: Any) -> None:
        made(copy, *arguments, **named)
        copies.append(copy)

    monkeypatch.setattr(Copy, "__init__", noted)
    monkeypatch.setattr(Copy, "take", faulty)
    monkeypatch.setattr(running, "CATCH_UP_SECONDS", 5)
    status = run(load_settings(), history, clients=4, asked=Asked(), seed=1, limit=100, refusals=None)
    told = figures(printed := capsys.readouterr().out)
    assert status == 1
    assert "The replay did not hold." in printed
    assert told["doubles"] > 0
    assert told["gaps"] > 0
    assert told["differences"] > 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(["missing.jsonl"], "cannot read missing.jsonl"), (["--help"], "--drop-sockets")],
)
def test_the_command_line_says_what_is_wrong(arguments: list[str], told: str) -> None:
    command = [sys.executable, "-P", "-m", "lockstep", "replay", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert told in done.stdout + done.stderr
