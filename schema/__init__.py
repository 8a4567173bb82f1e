"""What clients see: translates, decides nothing, holds no SQL."""

from schema.assembly import schema

__all__ = ["schema"]
