"""Identities at sign-in providers, linked to people here: signing in by one, linking, unlinking."""
