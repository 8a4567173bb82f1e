"""Where the servers of a test run keep their files: in memory, where there is enough of it.

Each test clones a database, which is 1,500 files, and drops it. ext4 looks long for an inode that was not freed
within the last minutes: so cloning took half of a run's time.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from lockstep.embedded import secrets_in_use

PLACE = Path("/dev/shm")
ENOUGH_BYTES = 4 << 30
LEFT_AFTER_SECONDS = 60


def folder_in_memory() -> Path | None:
    """A file system in memory with room for a run; None where there is none."""
    if not PLACE.is_dir() or not os.access(PLACE, os.W_OK):
        return None
    _sweep()
    room = os.statvfs(PLACE)
    return PLACE if min(room.f_bavail * room.f_frsize, _free_bytes()) >= ENOUGH_BYTES else None


def _free_bytes() -> int:
    """Memory that can be had without taking it from anybody."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        name, _, amount = line.partition(":")
        if name == "MemAvailable":
            return int(amount.split()[0]) * 1024
    return 0


def _sweep() -> None:
    """Runs that were killed leave their folders, and nobody empties the memory before the machine starts anew."""
    for found in PLACE.glob("lockstep-*"):
        lock = found / "owner.lock"
        ours = os.access(lock, os.W_OK) and time.time() - lock.stat().st_mtime > LEFT_AFTER_SECONDS
        if ours and secrets_in_use(found) is None:
            shutil.rmtree(found, ignore_errors=True)
