"""GraphQL of teams."""
