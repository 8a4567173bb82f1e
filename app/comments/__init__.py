"""Threaded comments on tasks."""
