"""The forms of stored payloads, one file for each kind and version: they can be added to, never changed.

`LOCKSTEP_TEST_GOLDEN=write pytest tests/events/test_golden.py` writes those that are missing.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

import app.tables  # noqa: F401 -- registers every kind of event
from app.events.kinds import KINDS, Effect, current_payload
from tests.client import JSON
from tests.ledger import Log
from tests.proofs import PROOFS
from tests.world import World

GOLDEN = Path(__file__).parent / "golden"

ENVELOPE = (
    "scope_id", "seq", "id", "kind", "payload_version", "object_type", "object_id", "object_version", "actor_id",
    "actor_kind", "batch_id", "caused_by", "client_mutation_id", "occurred_at", "recorded_at", "payload",
)  # fmt: skip

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_HASH = re.compile(r"[0-9a-f]{16}")


def file_of(kind: str, version: int) -> Path:
    """Where the form of a kind's payload is kept."""
    return GOLDEN / f"{kind}.{version}.json"


def form(value: Any) -> Any:
    """A payload with what differs from run to run told by its form."""
    if isinstance(value, dict):
        told = {name: form(one) for name, one in sorted(value.items())}
        ids = sorted(
            (name for name in told if _UUID.fullmatch(name)), key=lambda name: json.dumps(told[name])
        )
        names = {name: f"<uuid {place}>" for place, name in enumerate(ids)}
        return dict(sorted((names.get(name, name), one) for name, one in told.items()))
    if isinstance(value, list):
        return [form(one) for one in value]
    if isinstance(value, str):
        for pattern, name in ((_UUID, "<uuid>"), (_TIME, "<time>"), (_DATE, "<date>"), (_HASH, "<hash>")):
            if pattern.fullmatch(value):
                return name
        return _UUID.sub("<uuid>", value)
    return value


@pytest.mark.parametrize("name", sorted(PROOFS))
async def test_payloads_are_of_the_kept_forms(world: World, log: Log, name: str) -> None:
    """Each mutation's events, with what differs from run to run left out, are those in the files made from it."""
    proof = PROOFS[name]
    by = world.person("member" if "member" in proof.may else proof.may[0])
    given = await proof.prepare(world, by)
    before = {row["id"] for row in await log.events()}
    await by.do(name, **given)
    found: dict[str, list[JSON]] = {}
    for row in await log.events():
        assert set(row.keys()) == set(ENVELOPE)
        if row["id"] not in before:
            event = {one: row[one] for one in ("kind", "payload_version", "object_type")}
            found.setdefault(row["kind"], []).append(
                {**event, "mutation": name, "payload": form(json.loads(row["payload"]))}
            )
    for kind, events in found.items():
        event = min(events, key=lambda one: json.dumps(one, sort_keys=True))
        path = file_of(kind, event["payload_version"])
        if os.environ.get("LOCKSTEP_TEST_GOLDEN") == "write" and not path.exists():
            path.write_text(json.dumps(event, indent=2, ensure_ascii=False) + "\n")
        kept = json.loads(path.read_text())
        if kept["mutation"] == name:
            assert event == kept


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_version_ever_stored_can_be_read(kind: str) -> None:
    known = KINDS[kind]
    for version in range(1, known.version + 1):
        event = json.loads(file_of(kind, version).read_text())
        assert event["object_type"] == known.object_type
        payload = current_payload(kind, version, event["payload"])
        wanted = {Effect.PUT: {"state"}, Effect.CHANGE: {"delta"}, Effect.REMOVE: set()}[known.effect]
        assert payload.keys() == wanted


def test_no_form_is_of_an_unknown_kind() -> None:
    known = {
        file_of(kind.name, version).name for kind in KINDS.values() for version in range(1, kind.version + 1)
    }
    assert {path.name for path in GOLDEN.glob("*.json")} == known
