"""Searching: each word is a condition of its own, as their window is."""

from __future__ import annotations

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

# The index goes forth and back between words too: two common ones take 9 ms instead of 15 (migration 0032).
PARTS = r"""
-- What the index can look for one by one: what a text must have, all of it. Words side by side are words; what it must
-- not have is left out. None: there is nothing to look for.
CREATE FUNCTION search_parts(asked tsquery) RETURNS tsquery[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = public AS $$
DECLARE
    wanted text := regexp_replace(querytree(asked), ' <(-|[0-9]+)> ', ' & ', 'g');
    parts tsquery[] := '{}';
    part text := '';
    depth int := 0;
    token text;
BEGIN
    IF wanted IN ('', 'T') THEN RETURN parts; END IF;
    FOR token IN SELECT each[1] FROM regexp_matches(wanted, '(''(?:[^'']|'''')*''(?::\*)?|[()&|!])', 'g') AS each LOOP
        depth := depth + (token = '(')::int - (token = ')')::int;
        IF depth = 0 AND token = '|' THEN RETURN ARRAY[wanted::tsquery]; END IF;
        IF depth = 0 AND token = '&' THEN
            parts := parts || part::tsquery;
            part := '';
        ELSE
            part := part || token;
        END IF;
    END LOOP;
    RETURN parts || part::tsquery;
END $$;
"""

NEWEST = r"""
-- Documents of one workspace that match in a column (words or title), newest first, ranked by a query (NULL: not).
-- `bounded`: there may be more. Where a window has too few, an older one is looked at beside it.
CREATE OR REPLACE FUNCTION search_newest(
    asked tsquery, ranking tsquery, of_column text, tenant uuid, allowed uuid[], most int, compared int,
    OUT matches search_match[], OUT bounded boolean
) LANGUAGE plpgsql SET search_path = public SET enable_seqscan = off SET enable_indexscan = off SET jit = off
SET work_mem = '32MB' SET max_parallel_workers_per_gather = 0 SET effective_io_concurrency = 0 AS $$
DECLARE
    few boolean := cardinality(allowed) <= 8;
    part text := search_partition(tenant);
    within text := CASE WHEN few THEN format('d.workspace_id = %L AND d.project_id = ANY(%L::uuid[])', tenant, allowed)
                        ELSE format('d.workspace_id = %L', tenant) END;
    matching double precision := search_estimate(part, format('%s AND d.%I @@ %L::tsquery', within, of_column, asked));
    whole double precision := search_estimate(part, within);
    -- Whether words stand side by side is decided by reading the documents.
    phrase boolean := asked::text ~ ' <(-|[0-9]+)> ';
    conditions text[] := ARRAY(SELECT format('d.%I @@ (SELECT %L::tsquery)', of_column, one)
                               FROM unnest(search_parts(asked)) AS one);
    read_too text := CASE WHEN phrase OR cardinality(conditions) = 0 OR asked::text ~ '!'
                          THEN format('ts_match_vq(d.%I, %L)', of_column, asked) END;
    -- Stems are counted beside their words, so there are about half as many as the planner thinks; of the words that
    -- begin in one way it knows but the common ones.
    aim double precision := CASE WHEN phrase THEN compared WHEN asked::text ~ ''':\*' THEN most / 2.0
                                 WHEN asked::text ~ ' \| ' THEN 2.4 * most ELSE 1.2 * most END;
    amount double precision;
    bounds timestamptz[];
    ending timestamptz;
    since timestamptz;
    places text;
    span text;
    older search_match[];
BEGIN
    -- Where the workspace is most of its partition, asking the index for it takes longer than looking.
    IF few THEN
        places := (SELECT string_agg(search_place('p', id), '|') FROM unnest(allowed) AS id);
    ELSIF whole < 0.5 * (SELECT c.reltuples FROM pg_class c WHERE c.oid = part::regclass) THEN
        places := search_place('w', tenant);
    END IF;
    IF matching > 2 * aim THEN
        amount := whole * aim / matching;
        ending := search_horizon(part, tenant, NULL, 0, 0, NULL);
        SELECT s.histogram_bounds::text::timestamptz[] INTO bounds FROM pg_stats s
        WHERE s.schemaname = 'public' AND s.attname = 'changed_at' AND s.tablename = part AND amount > 1000;
    END IF;
    LOOP
        bounded := amount IS NOT NULL AND amount < whole / 2;
        IF bounded THEN
            since := search_horizon(part, tenant, CASE WHEN few THEN allowed END, amount / whole, amount, bounds);
        END IF;
        IF bounded AND since IS NOT NULL THEN
            SELECT string_agg(c.lexemes, '|'), min(c.begun) - interval '1 second' INTO span, since
            FROM unnest(CASE WHEN few THEN allowed ELSE ARRAY[tenant] END) AS id,
                 search_cover(CASE WHEN few THEN 'p' ELSE 'w' END, id, least(since, ending), ending, matches IS NULL,
                              CASE WHEN few THEN 40 / cardinality(allowed) ELSE 40 END, amount > matching) AS c;
        ELSE
            span := places;
            matches := NULL;
        END IF;
        -- IS TRUE keeps the planner from reading the indexes of projects as well.
        older := search_ranked(format('SELECT d.* FROM %I d
            WHERE (d.workspace_id = %L AND d.project_id = ANY(%L::uuid[])) IS TRUE AND %s
            ORDER BY d.changed_at DESC LIMIT %s', part, tenant, allowed, concat_ws(
                ' AND ', VARIADIC conditions || read_too
                || CASE WHEN span IS NOT NULL THEN format('d.%I @@ (SELECT %L::tsquery)', of_column, span) END), most),
            ranking);
        IF matches IS NULL THEN
            matches := older;
        ELSIF older IS NOT NULL THEN -- their ends may be in both
            matches := ARRAY(
                SELECT one FROM (
                    SELECT DISTINCT ON (each.id) each AS one, each.changed_at
                    FROM unnest(matches || older) AS each ORDER BY each.id
                ) AS once ORDER BY once.changed_at DESC LIMIT most);
        END IF;
        EXIT WHEN NOT bounded OR phrase OR cardinality(matches) >= most;
        ending := since;
        amount := amount * least(16, greatest(1.25, 1.25 * most / greatest(coalesce(cardinality(matches), 0), 1)));
    END LOOP;
    matches := coalesce(matches, '{}');
    bounded := bounded OR cardinality(matches) >= most;
END $$;
"""


def upgrade() -> None:
    op.execute(PARTS)
    op.execute(NEWEST)


def downgrade() -> None:
    raise NotImplementedError("Lockstep restores a backup instead of migrating down.")
