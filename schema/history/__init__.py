"""What was: projects and tasks as of a moment, and undoing."""
