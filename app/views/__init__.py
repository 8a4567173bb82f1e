"""Saved views: a filter with an order, a grouping and columns, personal or shared in a project."""
