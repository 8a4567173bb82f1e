"""Searching beside a filter: the texts of named tasks are found by project and task together."""

from __future__ import annotations

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

# Of `tasks` each is in the project at its place in `wanted`.
AMONG = """
CREATE OR REPLACE FUNCTION search_candidates(
    asked tsquery, prefixes text[], wanted uuid[], tasks uuid[], ranked boolean, most int, compared int
) RETURNS TABLE (project_id uuid, task_id uuid, id uuid, kind text, score real, changed_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public SET jit = off AS $$
#variable_conflict use_column
DECLARE
    allowed uuid[] := ARRAY(SELECT unnest(wanted) INTERSECT SELECT unnest(declared_scopes()));
    tenant uuid;
    mine uuid[];
    query tsquery;
    found record;
    titled record;
    documents search_documents[];
    more boolean := false;
BEGIN
    IF numnode(asked) = 0 THEN RETURN; END IF;
    FOR tenant, mine IN SELECT p.workspace_id, array_agg(p.id) FROM projects p WHERE p.id = ANY(allowed)
                        GROUP BY p.workspace_id LOOP
        IF tasks IS NOT NULL THEN
            -- Read by their keys, and then compared: the index of words would be read for each of them.
            EXECUTE format('SELECT array_agg(found) FROM (
                SELECT known.one FROM unnest($1, $2) AS named(project_id, task_id), LATERAL (
                    SELECT d AS one FROM search_documents d WHERE d.workspace_id = %L
                        AND d.project_id = named.project_id AND d.task_id = named.task_id OFFSET 0) AS known
                WHERE named.project_id = ANY($3) AND (known.one).words @@ %L::tsquery
                ORDER BY (known.one).changed_at DESC LIMIT %s) AS newest(found)', tenant, asked, 2 * most)
                INTO documents USING wanted, tasks, mine;
            more := more OR cardinality(documents) >= 2 * most;
        ELSE
            query := search_expanded(asked, prefixes, tenant, mine, 12);
            found := search_newest(query, 'words', tenant, mine, most, compared);
            documents := found.documents;
            more := more OR found.bounded OR query <> asked;
            IF ranked AND found.bounded THEN
                titled := search_newest(query, 'title', tenant, mine, most / 2, compared / 2);
                documents := documents || titled.documents;
            END IF;
        END IF;
        RETURN QUERY
            SELECT once.project_id, once.task_id, once.id, once.kind,
                   CASE WHEN ranked THEN ts_rank_cd('{0.05, 0.2, 0.4, 1.0}', once.words, asked, 1) ELSE 0 END::real,
                   once.changed_at
            FROM (SELECT DISTINCT ON (one.id) one.* FROM unnest(documents) AS one ORDER BY one.id) AS once;
    END LOOP;
    IF more THEN
        RETURN QUERY SELECT NULL::uuid, NULL::uuid, NULL::uuid, 'more', 0::real, NULL::timestamptz;
    END IF;
END $$;
"""


def upgrade() -> None:
    op.execute(AMONG)


def downgrade() -> None:
    raise NotImplementedError("Lockstep restores a backup instead of migrating down.")
