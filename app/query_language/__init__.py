"""The text query language: ``assignee:me status:"In progress" -label:wontfix due:<7d sort:-updated``.

``syntax`` reads a text, ``meaning`` makes the typed filter of it, ``printing`` leads back, ``completing`` suggests.
"""
