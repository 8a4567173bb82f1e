"""Domains of addresses whose people join a workspace by signing in at a provider."""
