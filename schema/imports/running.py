"""An import under way: what it tells, line by line, while it goes on."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import structlog

from app.errors import ClientError, Refusal
from app.exchange.reading import NoExport
from app.imports.csv_tables import UnknownColumn
from app.imports.formats import UnknownFormat
from app.imports.json_items import MalformedJson
from app.imports.reports import Note, Report
from schema.answers import INTERNAL
from schema.exports.forms import json_line

Run = Callable[[Report, Callable[[str, int], None]], Awaitable[None]]

log = structlog.get_logger(__name__)

TOLD_AT_ONCE = 1000
MOST_NOTES = 10_000
"""Of one run; further ones are counted."""

EVERY = 100
"""Of how many steps of progress one is told."""


class Telling:
    """Hears a run's notes and progress, and hands them on as lines."""

    def __init__(self) -> None:
        self._lines: deque[dict[str, Any]] = deque()
        self._heard = asyncio.Event()
        self._steps = 0
        self._step = ""
        self._notes = 0
        self.report = Report(self._note)

    def _note(self, note: Note) -> None:
        self._notes += 1
        if self._notes > MOST_NOTES:
            return
        self._add(
            {
                "type": "note", "line": note.line, "id": note.external_id, "field": note.field,
                "outcome": note.outcome.name, "why": note.why,
            }
        )  # fmt: skip

    def progress(self, step: str, done: int) -> None:
        """A step has come this far, in bytes or lines of the file."""
        self._steps += 1
        if step != self._step or self._steps % EVERY == 0:
            self._step = step
            told = {"type": "progress", "step": step, "done": done}
            # Whoever reads slowly hears how far it is, and not how it came there.
            if self._lines and self._lines[-1]["type"] == "progress" and self._lines[-1]["step"] == step:
                self._lines[-1] = told
            else:
                self._add(told)

    def _add(self, line: dict[str, Any]) -> None:
        self._lines.append(line)
        self._heard.set()

    async def lines(self, run: Run, path: Path, request_id: str, *, dry_run: bool) -> AsyncIterator[bytes]:
        """The lines of a run, which ends with the reading of them: whole batches stay. The file is deleted."""
        running = asyncio.ensure_future(run(self.report, self.progress))
        running.add_done_callback(lambda _: self._heard.set())
        try:
            while not running.done() or self._lines:
                await self._heard.wait()
                self._heard.clear()
                while self._lines:
                    some = [self._lines.popleft() for _ in range(min(len(self._lines), TOLD_AT_ONCE))]
                    yield b"".join(map(json_line, some))
                if running.done():
                    break
            yield json_line(self._end(running.exception(), request_id, dry_run=dry_run))
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await asyncio.to_thread(path.unlink, missing_ok=True)

    def _end(self, fault: BaseException | None, request_id: str, *, dry_run: bool) -> dict[str, Any]:
        counts: dict[str, Any] = {
            "counts": dict(self.report.counts),
            "events": self.report.events,
            "units": self.report.units,
        }
        if self._notes > MOST_NOTES:
            counts["furtherNotes"] = self._notes - MOST_NOTES
        if fault is None:
            return {"type": "done", "dryRun": dry_run, **counts}
        if isinstance(fault, (Refusal, ClientError)):
            return {"type": "failed", "code": fault.code, "message": fault.message, **counts}
        if isinstance(fault, (MalformedJson, NoExport)):
            return {
                "type": "failed",
                "code": "MALFORMED",
                "line": fault.line,
                "message": str(fault),
                **counts,
            }
        if isinstance(fault, (UnknownFormat, UnknownColumn)):
            return {"type": "failed", "code": "MALFORMED", "message": str(fault), **counts}
        # A bug is masked here as everywhere: the client gets the request id, the log gets the traceback.
        log.error("import failed", request_id=request_id, exc_info=fault)
        told = {"code": INTERNAL, "message": "Internal server error", "requestId": request_id}
        return {"type": "failed", **told, **counts}
