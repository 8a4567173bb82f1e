"""Bounds that the doors keep, whatever a client does."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DoorLimits:
    """Bytes, seconds and counts.

    `body_bytes`: of a request's body, and of one socket message. `body_seconds`: for a body to arrive.
    `init_seconds`: from a socket's opening to its `connection_init`. `ping_seconds`: between our pings,
    and the longest silence of a stream.
    `operations`: running at once on one socket. `unsent_bytes`: kept for a socket whose client reads too
    slowly; beyond that its subscriptions pause. `stall_seconds`: how long it may read nothing at all. `batch`:
    requests in one body; 0 refuses batches.
    """

    body_bytes: int = 1_048_576
    body_seconds: float = 30
    init_seconds: float = 3
    ping_seconds: float = 25
    operations: int = 200
    unsent_bytes: int = 1_048_576
    stall_seconds: float = 30
    batch: int = 0
