"""Full-text search over titles, texts and comments."""
