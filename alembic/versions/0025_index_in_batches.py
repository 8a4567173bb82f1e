"""The index of words written in batches: what is pending is put in its place at once, words that are known stay."""

from __future__ import annotations

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

# Texts of a round have most lexemes in common (their times and places, common words). Pending, they are put in their
# place together, an entry once instead of once for each text. As the indexer does so before it commits, a search finds
# nothing pending, but what is being indexed at that moment.
INDEXES = """
DO $$
DECLARE
    part regclass;
BEGIN
    FOR part IN
        SELECT i.indexrelid FROM pg_inherits h JOIN pg_index i ON i.indrelid = h.inhrelid
        JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
        WHERE h.inhparent = 'search_documents'::regclass AND m.amname = 'gin'
    LOOP
        EXECUTE format('ALTER INDEX %s SET (fastupdate = on)', part);
    END LOOP;
END $$;

CREATE FUNCTION search_settle(tenants uuid[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    PERFORM gin_clean_pending_list(i.indexrelid)
    FROM (SELECT DISTINCT search_partition(tenant)::regclass AS id FROM unnest(tenants) AS tenant) AS part
    JOIN pg_index i ON i.indrelid = part.id
    JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
    WHERE m.amname = 'gin';
END $$;
"""

# In order: two that learn the same words wait for each other, and not in a circle.
LEARNING = """
DROP FUNCTION search_learn(uuid, text[]);
CREATE FUNCTION search_learn(projects uuid[], texts tsvector[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    WITH known AS (
        SELECT DISTINCT given.project, word FROM unnest(projects, texts) AS given(project, words),
            LATERAL unnest(tsvector_to_array(given.words)) AS word
        WHERE given.project = ANY(declared_scopes())
    ), unknown AS (
        SELECT project, word FROM known
        WHERE length(word) BETWEEN 4 AND 40 AND word ~ '^[[:alpha:]]+$'
            AND NOT EXISTS (SELECT FROM search_words w WHERE w.project_id = project AND w.word = known.word)
    ), new AS (
        INSERT INTO search_words (project_id, word) SELECT project, word FROM unknown ORDER BY project, word
        ON CONFLICT DO NOTHING RETURNING word
    )
    INSERT INTO search_vocabulary (word) SELECT DISTINCT word FROM new ORDER BY word ON CONFLICT DO NOTHING;
END $$;
"""


def upgrade() -> None:
    op.execute(INDEXES)
    op.execute(LEARNING)


def downgrade() -> None:
    raise NotImplementedError("Lockstep restores a backup instead of migrating down.")
