"""GraphQL of inbox."""
