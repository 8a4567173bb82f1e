"""Custom fields: what a project knows of its tasks beyond what every project does."""
