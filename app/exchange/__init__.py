"""Whole projects, out and in again: JSON Lines of everything that their logs hold."""
