"""How the Python peers are served: uvicorn with uvloop and httptools, one process, no access log."""

from __future__ import annotations

import gc
import os
from typing import Any

import uvicorn


def serve(app: Any, *, as_ours: bool) -> None:
    """Until SIGTERM, on the port that the bench chose. `as_ours`: with the collector as ours is."""
    if as_ours:
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
    port = int(os.environ["PORT"])
    uvicorn.run(app, port=port, loop="uvloop", http="httptools", access_log=False, log_level="error")


def database_url(driver: str = "postgresql") -> str:
    """Of the bench's database, as the owner of its tables."""
    return os.environ["DATABASE_URL"].replace("postgresql", driver, 1)
