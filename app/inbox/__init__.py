"""A person's inbox: mentions, assignments, gained and lost access, and what was read."""
