"""Streams are followed at more services than one."""

from __future__ import annotations

from tests.faults.conftest import OtherProcess, other_process

__all__ = ["OtherProcess", "other_process"]
