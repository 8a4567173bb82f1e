"""Limits for tests: one person, at one address, asks for more than anybody would. They count all the same."""

from app.config import environment_name

GENEROUS = {
    "requests_per_minute": 1_000_000, "cost_per_minute": 1_000_000_000, "writes_per_minute": 1_000_000,
    "subscriptions_per_minute": 1_000_000, "anonymous_requests_per_minute": 1_000_000,
    "sign_in_attempts": 100_000, "sign_in_attempts_per_account": 100_000, "sign_in_attempts_per_address": 100_000,
    # A busy machine is not a slow Redis.
    "limits_wait_ms": 5000,
    # What is done on the side would be counted among a test's statements.
    "checkpoint_seconds": 3600,
    # Every test would index all that it writes.
    "search_indexing": False,
}  # fmt: skip
"""As settings. `tests/limits` has small ones."""

ENVIRONMENT = {environment_name(field): str(value) for field, value in GENEROUS.items()}
"""As environment variables, for processes."""
