"""GraphQL of limits."""
