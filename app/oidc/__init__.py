"""OpenID Connect as a relying party: the authorization code flow with PKCE, and nothing of accounts."""
