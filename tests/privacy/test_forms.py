"""The forms of the events that erasing and redacting leave, kept beside those of all others."""

from __future__ import annotations

import json
import os

from tests.events.test_golden import file_of, form
from tests.ledger import Log
from tests.privacy.test_erasure import erase
from tests.privacy.test_redaction import redact
from tests.service import Service
from tests.world import World


async def test_payloads_are_of_the_kept_forms(world: World, service: Service, log: Log) -> None:
    task = await world.task("Words", by="owner")
    comment = await world.comment(task, "Words", by="owner")
    await redact(service, task["id"], "title")
    await redact(service, comment["id"], "body")
    await erase(world.member)
    for kind, by in (
        ("TaskRedacted", "lockstep redact"),
        ("CommentRedacted", "lockstep redact"),
        ("PersonErased", "accountErase"),
    ):
        (row,) = await log.events(kind=kind)
        event = {one: row[one] for one in ("kind", "payload_version", "object_type")}
        event |= {"mutation": by, "payload": form(json.loads(row["payload"]))}
        path = file_of(kind, row["payload_version"])
        if os.environ.get("LOCKSTEP_TEST_GOLDEN") == "write" and not path.exists():
            path.write_text(json.dumps(event, indent=2, ensure_ascii=False) + "\n")
        assert event == json.loads(path.read_text())
