"""Lanes: mutations of one project that come while another is being committed are committed together (ADR 25)."""
