"""Why a provider's answer was not taken."""

from __future__ import annotations


class ProviderFailed(Exception):
    """Something of the flow is not as it must be. ``reason`` is for our log: who sent it is told nothing of it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ProviderAway(ProviderFailed):
    """The provider did not answer, or not as providers do."""
