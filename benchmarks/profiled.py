"""`lockstep serve` with a profiler that is switched on by SIGUSR1, and by SIGUSR2 off: then it writes its figures.

.venv/bin/python -m benchmarks.profiled FILE serve --workers 1
"""

from __future__ import annotations

import cProfile
import runpy
import signal
import sys
import time
from types import FrameType


def main() -> None:
    """See the module."""
    file, *arguments = sys.argv[1:]
    under_way: list[cProfile.Profile] = []

    def begin(number: int, frame: FrameType | None) -> None:
        # On-CPU time: what a coroutine waits for is not its own.
        under_way.append(cProfile.Profile(time.process_time))
        under_way[0].enable()

    def end(number: int, frame: FrameType | None) -> None:
        profiler = under_way.pop()
        profiler.disable()
        profiler.dump_stats(file)

    signal.signal(signal.SIGUSR1, begin)
    signal.signal(signal.SIGUSR2, end)
    sys.argv = ["lockstep", *arguments]
    runpy.run_module("lockstep", run_name="__main__")


if __name__ == "__main__":
    main()
