"""How much anybody may ask for: rates, kept in Redis for all processes, and counts of what is open."""
