"""Milestones: what shall be there by when."""
