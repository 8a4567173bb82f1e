"""Locks on rules that read rows they do not write."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, order=True)
class Guard:
    """A lock on a rule that reads rows it does not write.

    Guards are Postgres advisory locks of the transaction (ADR 3): unlike locks on rows they block no foreign
    key, can be shared without writing, and need no row. Take them before the read they protect: that read is a
    later statement and so sees what the holder before us committed.
    """

    key: int
    shared: bool = False

    @classmethod
    def of(cls, rule: str, object_id: UUID, *, shared: bool = False) -> Guard:
        digest = hashlib.blake2b(rule.encode() + object_id.bytes, digest_size=8).digest()
        return cls(int.from_bytes(digest, signed=True), shared)
