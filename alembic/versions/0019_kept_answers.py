"""What answers that are kept are valid by: where the logs behind them stand, and what their reader may do there."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# For each of some projects that a person sees: where its log stands, and in one text everything that an answer from it
# can change by: that log, those of its workspace and directory, access, and the person's roles. `own`: their inbox,
# whose log tells what else they gained or lost.
STAMP = """
CREATE FUNCTION answer_stamp(viewer uuid, asked uuid[])
RETURNS TABLE (scope_id uuid, seq bigint, head_event_id uuid, told text, own bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public SET plan_cache_mode = force_generic_plan AS $$
    SELECT s.id, s.seq, s.head_event_id,
           concat_ws(' ', s.id, s.seq, s.head_event_id, w.seq, w.head_event_id, w.access_stamp, d.seq, d.head_event_id,
                     r.role, m.role),
           (SELECT i.seq FROM scopes i WHERE i.id = viewer)
    FROM project_roles_in(viewer, asked) r
    JOIN scopes s ON s.id = r.project_id
    JOIN workspaces t ON t.id = s.workspace_id
    JOIN scopes w ON w.id = t.id
    JOIN scopes d ON d.id = t.directory_id
    LEFT JOIN workspace_members m ON m.workspace_id = t.id AND m.user_id = viewer
    ORDER BY s.id
$$;
"""

# A directory's log does not tell of people who have left; what they wrote stays, under the name they have now.
PEOPLE = """
CREATE FUNCTION note_shown() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    UPDATE scopes SET access_stamp = access_stamp + 1 WHERE id IN (
        SELECT p.workspace_id FROM workspace_people p WHERE p.user_id = NEW.id AND NOT EXISTS (
            SELECT FROM workspace_members m WHERE m.workspace_id = p.workspace_id AND m.user_id = NEW.id));
    RETURN NULL;
END $$;
CREATE TRIGGER note_shown AFTER UPDATE ON users FOR EACH ROW
    WHEN ((OLD.name, OLD.avatar_url, OLD.kind, OLD.version) IS DISTINCT FROM
          (NEW.name, NEW.avatar_url, NEW.kind, NEW.version))
    EXECUTE FUNCTION note_shown();
"""


def upgrade() -> None:
    op.execute(STAMP)
    op.execute(PEOPLE)


def downgrade() -> None:
    op.execute(
        "DROP TRIGGER note_shown ON users; DROP FUNCTION note_shown(); DROP FUNCTION answer_stamp(uuid, uuid[])"
    )
