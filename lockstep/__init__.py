"""The command line, and what runs on one's own machine."""
