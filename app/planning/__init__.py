"""Planning: what sprints, milestones and trees of tasks do to tasks, and what can be said of the tasks in them."""
