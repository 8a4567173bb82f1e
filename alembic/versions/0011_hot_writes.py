"""Facts of the hot mutations in one read, and their writes in one statement."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# These run as the owner, so each says ids and roles, no content.
ANSWERS = """
-- The roles of people in projects, pair by pair.
CREATE FUNCTION project_roles_of(projects uuid[], people uuid[])
RETURNS TABLE (project_id uuid, user_id uuid, role text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public SET plan_cache_mode = force_generic_plan ROWS 10 AS $$
    SELECT asked.project_id, asked.user_id, (ARRAY['viewer', 'member', 'manager', 'admin'])[found.standing]
    FROM unnest(projects, people) AS asked(project_id, user_id) CROSS JOIN LATERAL (
        SELECT max(g.standing) AS standing FROM project_grants g
        WHERE g.project_id = asked.project_id AND g.user_id = asked.user_id) AS found
    WHERE found.standing IS NOT NULL
$$;

-- Where tasks are, each for who asks for it: nothing of one that they may not see.
CREATE FUNCTION task_places(people uuid[], tasks uuid[])
RETURNS TABLE (user_id uuid, task_id uuid, project_id uuid, workspace_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public SET plan_cache_mode = force_generic_plan ROWS 10 AS $$
    SELECT asked.user_id, l.task_id, l.project_id, p.workspace_id
    FROM unnest(people, tasks) AS asked(user_id, task_id)
    JOIN task_locations l ON l.task_id = asked.task_id JOIN projects p ON p.id = l.project_id
    CROSS JOIN LATERAL (SELECT FROM project_grants g
                        WHERE g.project_id = l.project_id AND g.user_id = asked.user_id LIMIT 1) AS found
$$;
"""


def upgrade() -> None:
    op.execute(ANSWERS)


def downgrade() -> None:
    raise NotImplementedError("Lockstep restores a backup instead of migrating down.")
