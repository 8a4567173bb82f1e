"""What Lockstep does. Knows nothing of GraphQL."""
