"""GraphQL of comments."""
