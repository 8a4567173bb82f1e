"""Access tokens for programs: named, with scopes and an expiry, shown once."""
