"""Service accounts: members of a workspace that are programs, and sign in by tokens alone."""
