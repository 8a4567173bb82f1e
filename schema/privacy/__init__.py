"""GraphQL of erasing one's account."""
