"""GraphQL of planning: progress, and what became of sprints."""
