"""GraphQL of access tokens."""
