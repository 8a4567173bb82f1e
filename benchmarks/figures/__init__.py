"""The figures, in the order of the table."""

from __future__ import annotations

from benchmarks.figures import cached, fanout, mixed, reads, sockets, writes
from benchmarks.figures.figure import Figure

FIGURES: tuple[Figure, ...] = (
    *reads.FIGURES,
    *cached.FIGURES,
    *reads.SMALLER,
    *writes.FIGURES,
    *fanout.FIGURES,
    *sockets.FIGURES,
    *mixed.FIGURES,
)
