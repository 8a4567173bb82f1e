"""GraphQL of links."""
