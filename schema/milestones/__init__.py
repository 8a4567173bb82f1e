"""GraphQL of milestones."""
