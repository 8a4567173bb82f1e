"""What we measure; see `docs/performance.md`."""
