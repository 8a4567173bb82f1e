"""Full-text search, as clients see it."""
