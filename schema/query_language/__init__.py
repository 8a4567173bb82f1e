"""GraphQL of the text query language."""
