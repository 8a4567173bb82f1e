"""Tasks going from one project to another, with all that hangs on them."""
