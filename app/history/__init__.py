"""What was: checkpoints of the log, states as of any moment, and undoing."""
