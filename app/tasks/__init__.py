"""Tasks: the work itself."""
