"""Invitations: people asked by mail to join a workspace, with the roles they will have."""
