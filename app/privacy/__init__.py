"""What is held about a person: handing it out, and forgetting it."""
