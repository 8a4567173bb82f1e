"""Teams: people together, who hold roles in projects together."""
