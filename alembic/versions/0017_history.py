"""Checkpoints of the log, from which what a project once was is read."""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# A state stands for all positions from `from_seq` on and before `until_seq`; both are checkpoints.
TABLES = """
CREATE TABLE checkpoints (
    scope_id UUID NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (scope_id, seq),
    FOREIGN KEY(scope_id) REFERENCES scopes (id)
);

CREATE TABLE checkpoint_states (
    scope_id UUID NOT NULL,
    object_id UUID NOT NULL,
    object_type TEXT NOT NULL,
    from_seq BIGINT NOT NULL,
    until_seq BIGINT NOT NULL,
    kind TEXT NOT NULL,
    payload_version SMALLINT NOT NULL,
    state JSONB NOT NULL,
    PRIMARY KEY (scope_id, object_id, object_type, from_seq)
)
 PARTITION BY HASH (scope_id);
CREATE INDEX checkpoint_states_then ON checkpoint_states (scope_id, object_type, until_seq, from_seq);
"""

# Which logs have grown so far that a checkpoint is due: ids alone.
DUE = """
CREATE FUNCTION checkpoints_due(distance bigint, batch int) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT s.id FROM scopes s
    WHERE s.kind = 'project' AND s.seq >= distance
      AND s.seq - coalesce((SELECT max(c.seq) FROM checkpoints c WHERE c.scope_id = s.id), 0) >= distance
    LIMIT batch
$$;
"""

GRANTS = """
GRANT SELECT, INSERT ON checkpoints TO lockstep_service;
GRANT SELECT, INSERT, UPDATE ON checkpoint_states TO lockstep_service;
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute("SELECT make_partitions('checkpoint_states', 16)")
    op.execute(DUE)
    for table in ("checkpoints", "checkpoint_states"):
        op.execute(f"SELECT isolate('{table}', 'scopes', 'scope_id')")
    op.execute(GRANTS)


def downgrade() -> None:
    raise NotImplementedError("Lockstep restores a backup instead of migrating down.")
