"""Mail to people: written during a unit of work, sent after its commit."""
