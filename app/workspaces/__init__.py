"""Workspaces, their members, and the directory of how people are shown."""
