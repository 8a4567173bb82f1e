"""GraphQL of custom fields."""
