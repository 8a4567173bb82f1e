"""GraphQL of saved views."""
