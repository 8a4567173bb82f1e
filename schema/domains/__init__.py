"""GraphQL of joining domains."""
