"""Searching: windows of time as few lexemes, and none read twice."""

from __future__ import annotations

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

# The index of words goes from one entry of the rarest lists to the next. Short spans of one length are rarer than a
# common word is. Of a word that is rarer than its window the index shall read the word's own list: then most of the
# window is long spans, which only its older end is not.
COVERS = """
DROP FUNCTION search_since(text, uuid, timestamptz, timestamptz, int);

-- The lexemes of all that was changed between two moments (`newest`: nothing was after the second), the first one
-- rounded down to `begun`.
CREATE FUNCTION search_cover(
    kind text, id uuid, moment timestamptz, ending timestamptz, newest boolean, most int, long boolean,
    OUT lexemes text, OUT begun timestamptz
) LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = public AS $$
DECLARE
    first bigint := extract(epoch FROM moment)::bigint;
    last bigint := extract(epoch FROM ending)::bigint;
    shortest int := 10;
    level int;
    span bigint;
BEGIN
    WHILE shortest < 22 AND (last - first) >> shortest > most LOOP shortest := shortest + 3; END LOOP;
    span := first >> shortest;
    begun := to_timestamp(span << shortest);
    last := ((last >> shortest) + 1) << shortest; -- excluded
    IF newest AND long THEN last := ((last >> 22) + 1) << 22; END IF;
    level := shortest;
    WHILE span << level < last LOOP
        IF long AND level < 22 AND span & 7 = 0 AND (span + 8) << level <= last THEN
            span := span >> 3;
            level := level + 3;
        ELSIF (span + 1) << level > last THEN
            span := span << 3;
            level := level - 3;
        ELSE
            lexemes := concat_ws('|', lexemes, search_span(kind, id, level, span));
            span := span + 1;
        END IF;
    END LOOP;
END $$;

-- Documents of one workspace that match in a column (words or title), newest first. `bounded`: there may be more.
-- Where a window has too few, an older one is looked at beside it.
CREATE OR REPLACE FUNCTION search_newest(
    asked tsquery, of_column text, tenant uuid, allowed uuid[], most int, compared int,
    OUT documents search_documents[], OUT bounded boolean
) LANGUAGE plpgsql SET search_path = public SET enable_seqscan = off SET enable_indexscan = off SET jit = off
SET work_mem = '32MB' AS $$
DECLARE
    few boolean := cardinality(allowed) <= 8;
    places text := CASE WHEN few THEN (SELECT string_agg(search_place('p', id), '|') FROM unnest(allowed) AS id)
                        ELSE search_place('w', tenant) END;
    within text := CASE WHEN few THEN format('d.workspace_id = %L AND d.project_id = ANY(%L::uuid[])', tenant, allowed)
                        ELSE format('d.workspace_id = %L', tenant) END;
    matching double precision := search_estimate(
        format('%s AND d.%I @@ %L::tsquery', within, of_column, asked));
    -- Whether words stand side by side is decided by reading the documents.
    phrase boolean := asked::text ~ '<(-|[0-9]+)>';
    aim double precision := CASE WHEN phrase THEN compared ELSE 2 * most END;
    whole double precision;
    amount double precision;
    ending timestamptz;
    since timestamptz;
    span tsquery;
    older search_documents[];
BEGIN
    IF matching > 2 * aim THEN
        whole := search_estimate(within);
        amount := whole * aim / matching;
        ending := search_horizon(tenant, NULL, 0, 0);
    END IF;
    LOOP
        bounded := amount IS NOT NULL AND amount < whole / 2;
        IF bounded THEN
            since := search_horizon(tenant, CASE WHEN few THEN allowed END, amount / whole, amount);
        END IF;
        IF bounded AND since IS NOT NULL THEN
            SELECT string_agg(c.lexemes, '|')::tsquery, min(c.begun) - interval '1 second' INTO span, since
            FROM unnest(CASE WHEN few THEN allowed ELSE ARRAY[tenant] END) AS id,
                 search_cover(CASE WHEN few THEN 'p' ELSE 'w' END, id, least(since, ending), ending, documents IS NULL,
                              CASE WHEN few THEN 40 / cardinality(allowed) ELSE 40 END, amount > matching) AS c;
        ELSE
            span := places::tsquery;
            documents := NULL;
        END IF;
        -- IS TRUE keeps the planner from reading the indexes of projects as well.
        EXECUTE format('SELECT array_agg(found) FROM (SELECT d FROM search_documents d
            WHERE d.workspace_id = %L AND (d.project_id = ANY(%L::uuid[])) IS TRUE AND d.%I @@ %L::tsquery
            ORDER BY d.changed_at DESC LIMIT %s) AS newest(found)', tenant, allowed, of_column, asked && span, most)
            INTO older;
        IF documents IS NULL THEN
            documents := older;
        ELSIF older IS NOT NULL THEN -- their ends may be in both
            documents := ARRAY(
                SELECT one FROM (
                    SELECT DISTINCT ON (each.id) each AS one, each.changed_at
                    FROM unnest(documents || older) AS each ORDER BY each.id
                ) AS once ORDER BY once.changed_at DESC LIMIT most);
        END IF;
        EXIT WHEN NOT bounded OR phrase OR cardinality(documents) >= most;
        ending := since;
        -- Stems are counted beside their words, so there are often somewhat fewer than the planner thinks.
        amount := amount * least(16, greatest(1.25, 1.25 * most / greatest(coalesce(cardinality(documents), 0), 1)));
    END LOOP;
    documents := coalesce(documents, '{}');
    bounded := bounded OR cardinality(documents) >= most;
END $$;
"""


def upgrade() -> None:
    op.execute(COVERS)


def downgrade() -> None:
    raise NotImplementedError("Lockstep restores a backup instead of migrating down.")
