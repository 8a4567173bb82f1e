"""GraphQL of sprints."""
