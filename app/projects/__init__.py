"""Projects: members, statuses, labels and task types."""
