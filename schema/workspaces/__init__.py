"""GraphQL of workspaces."""
