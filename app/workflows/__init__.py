"""Workflows: which changes of status a project allows, under what conditions, and what else they do."""
