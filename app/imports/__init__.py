"""Trackers brought in from files: everything kept, or listed line by line with why."""
