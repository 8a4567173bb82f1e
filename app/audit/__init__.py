"""The audit log of each workspace: what happened, who did it, from where."""
