"""Replaying a recorded history through the public API with many clients at once, and judging the outcome."""
