"""The dependency audit: what it makes of pip-audit's answers, one of which must be believed before anything is said."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "requirements" / "audit.py"


@pytest.fixture
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def answering(folder: Path, **answers: Any) -> Path:
    """A pip-audit that answers so, by source; None: it fails."""
    command = folder / "pip-audit"
    lines = ["#!/bin/sh", 'case "$2" in']
    for source, answer in answers.items():
        said = "echo no route >&2; exit 1" if answer is None else f"cat {folder}/{source}.json"
        (folder / f"{source}.json").write_text(json.dumps({"dependencies": answer}))
        lines.append(f"{source}) {said};;")
    command.write_text("\n".join([*lines, "esac", ""]))
    command.chmod(0o755)
    return command


GOOD = {"name": "good", "version": "1", "vulns": []}
SKIPPED = {"name": "odd", "skip_reason": "not found"}
BAD = {"name": "bad", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}]}


def test_a_vulnerable_package_is_named(audit: ModuleType, tmp_path: Path) -> None:
    command = answering(tmp_path, pypi=[GOOD, BAD])
    assert audit.findings(command, "run.txt") == ["bad 2: PYSEC-1, mended in 3"]


def test_another_source_is_asked_where_one_does_not_know(audit: ModuleType, tmp_path: Path) -> None:
    assert audit.findings(answering(tmp_path, pypi=[GOOD, SKIPPED], osv=[GOOD]), "run.txt") == []
    assert audit.findings(answering(tmp_path, pypi=None, osv=[BAD]), "run.txt") == [
        "bad 2: PYSEC-1, mended in 3"
    ]


def test_what_is_not_known_is_not_called_good(audit: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(audit.Unknown, match="pypi: knows nothing of 1 of 2 packages; osv: no route"):
        audit.findings(answering(tmp_path, pypi=[GOOD, SKIPPED], osv=None), "run.txt")


@pytest.mark.parametrize(("arguments", "status"), [([], 0), (["--strict"], 1)])
def test_without_a_source_it_says_so(
    audit: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    status: int,
) -> None:
    command = answering(tmp_path, pypi=None, osv=None)
    monkeypatch.setattr(audit, "tool", lambda: command)
    monkeypatch.setattr(audit.sys, "argv", ["audit.py", *arguments])
    assert audit.main() == status
    assert "NOT AUDITED" in capsys.readouterr().err
