"""GraphQL of service accounts."""
