"""Every write of projects: settings, members, vocabularies."""
