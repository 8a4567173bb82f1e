"""Downloads too long for one answer, streamed: the audit log of a workspace, and what is held about oneself."""

from schema.exports.door import export_routes

__all__ = ["export_routes"]
