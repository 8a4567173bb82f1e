"""What Lockstep does; knows nothing of GraphQL."""
