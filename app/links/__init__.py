"""Links between tasks, also across projects."""
