"""Telling the audit log of those who tried what they may not.

The unit that was refused leaves nothing behind, so this is one of its own, after it.
"""

from __future__ import annotations

import structlog

from app.audit.actions import AuditAction
from app.errors import ClientError, PermissionDenied
from app.lanes.commands import Command
from app.lanes.lanes import Lanes
from app.outcomes import Outcome, RequestKey, Result
from app.work import Action, Actor, Store, Work, run_unit

log = structlog.get_logger(__name__)


async def run_telling(
    store: Store, actor: Actor, action: Action | Command, operation: str, *, key: RequestKey | None = None,
    lanes: Lanes | None = None,
) -> Outcome:  # fmt: skip
    """Run a unit, in a lane if one takes it.

    A refusal to somebody without the role to manage something is told to the audit log there.
    """
    try:
        if lanes is not None and isinstance(action, Command):
            return await lanes.run(actor, action, key)
        return await run_unit(store, actor, action, key=key)
    except PermissionDenied as denied:
        if denied.guarded is not None:
            await _tell(store, actor, denied, operation)
        raise


async def _tell(store: Store, actor: Actor, denied: PermissionDenied, operation: str) -> None:
    async def action(work: Work) -> Result:
        assert denied.guarded is not None
        work.audit(
            AuditAction.ACCESS_DENIED, "scope", denied.guarded, scope=denied.guarded, operation=operation
        )
        return {}

    try:
        await run_unit(store, actor, action)
    except ClientError as failure:
        # The refusal stands, whether or not it could be told of.
        log.warning("denial_not_told", error=failure.code)
