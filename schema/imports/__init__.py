"""Uploads of files to import, whose progress and report are the answer."""

from schema.imports.door import import_routes

__all__ = ["import_routes"]
