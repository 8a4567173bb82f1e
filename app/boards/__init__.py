"""Boards: columns over statuses with limits and swimlanes, and the order of cards."""
