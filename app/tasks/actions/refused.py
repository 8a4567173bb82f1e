"""Refused items of a partial bulk edit: what an outcome keeps of them, and what is told from that."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from app.errors import (
    CycleRefused,
    LimitReached,
    NotFound,
    PermissionDenied,
    Refusal,
    TransitionReason,
    TransitionRefused,
    ValidationFailed,
    VersionConflict,
)
from app.outcomes import Result
from app.values import plain

_PLAIN: dict[str, type[Refusal]] = {
    kind.code: kind for kind in (NotFound, PermissionDenied, ValidationFailed)
}


def keep_refusal(refusal: Refusal) -> Result:
    """A refusal as an outcome keeps it: codes, numbers and ids, but no contents."""
    kept: Result = {"code": refusal.code, "message": refusal.message, "path": list(refusal.path)}
    if isinstance(refusal, VersionConflict):
        kept |= {"expected": refusal.expected, "current": refusal.current}
    elif isinstance(refusal, LimitReached):
        kept["limit"] = refusal.limit
    elif isinstance(refusal, CycleRefused):
        kept["cycle"] = [str(task_id) for task_id in refusal.cycle]
    elif isinstance(refusal, TransitionRefused):
        kept["reasons"] = [
            {name: _kept_value(value) for name, value in asdict(reason).items()} for reason in refusal.reasons
        ]
    return kept


def kept_refusal(kept: dict[str, Any], task_id: UUID) -> Refusal:
    """The refusal of an item again, of its own type; a conflict has no clashes, since those are contents."""
    path = tuple(kept["path"])
    if kept["code"] == VersionConflict.code:
        conflict = VersionConflict(
            "task", task_id, expected=kept["expected"], current=kept["current"], clashes=[]
        )
        conflict.message = kept["message"]
        return conflict
    if kept["code"] == LimitReached.code:
        return LimitReached(kept["message"], limit=kept["limit"], path=path)
    if kept["code"] == CycleRefused.code:
        return CycleRefused(kept["message"], cycle=[UUID(one) for one in kept["cycle"]], path=path)
    if kept["code"] == TransitionRefused.code:
        return TransitionRefused([_kept_reason(one) for one in kept["reasons"]], path=path)
    refusal = _PLAIN[kept["code"]]("", path=path)
    refusal.message = kept["message"]
    return refusal


def _kept_value(value: Any) -> Any:
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    return plain(value)


def _kept_reason(kept: dict[str, Any]) -> TransitionReason:
    values: dict[str, Any] = {
        name: tuple(UUID(one) for one in value) if name.endswith("_ids") else value
        for name, value in kept.items()
    }
    place = kept.get("project_id")
    values |= {name: tuple(kept.get(name, ())) for name in ("fields", "sprint_stages")}
    values["project_id"] = UUID(place) if place else None
    return TransitionReason(**values)
