"""GraphQL of identities at sign-in providers, and the addresses that browsers go through."""
