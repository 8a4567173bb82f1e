"""The ordered log of each scope, and everything that follows it."""
