"""GraphQL of tasks."""
