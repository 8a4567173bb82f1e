"""Sprints: what a team takes on for a while."""
