"""Searching: words and windows read side by side, ranks of what a text has, texts kept whole, fewer plans."""

from __future__ import annotations

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

# A text of up to 8 kB stays where its row is: a third more pages were read for what was kept apart. Rows that are there
# already follow when they are next written (or by VACUUM FULL).
TABLES = """
DO $$
DECLARE
    part regclass;
BEGIN
    FOR part IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'search_documents'::regclass LOOP
        EXECUTE format('ALTER TABLE %s SET (toast_tuple_target = 8160)', part);
    END LOOP;
END $$;

CREATE TYPE search_match AS (
    project_id uuid, task_id uuid, id uuid, kind text, score real, changed_at timestamptz
);
"""

PLANNING = r"""
-- The same as before, of functions that are all immutable: so it is no call of its own.
CREATE OR REPLACE FUNCTION search_span(kind text, id uuid, level int, span bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT '/' || left(md5(kind || id::text || level::text || ':' || span::text), 10)
$$;

DROP FUNCTION search_estimate(text);
-- How many documents of a partition the planner expects: from its statistics of words, without looking at any.
CREATE FUNCTION search_estimate(part text, condition text) RETURNS double precision
LANGUAGE plpgsql SET search_path = public AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE format('EXPLAIN (FORMAT JSON) SELECT FROM %I d WHERE %s', part, condition) INTO plan;
    RETURN (plan -> 0 -> 'Plan' ->> 'Plan Rows')::double precision;
END $$;

DROP FUNCTION search_horizon(uuid, uuid[], double precision, double precision);
-- A moment since which about so many documents of these projects (of a whole workspace: NULL) were changed. `bounds`:
-- of equal parts of the partition's documents, for far ones.
CREATE FUNCTION search_horizon(
    part text, tenant uuid, projects uuid[], share double precision, amount double precision, bounds timestamptz[]
) RETURNS timestamptz LANGUAGE plpgsql SET search_path = public SET enable_indexscan = on AS $$
DECLARE
    found timestamptz;
BEGIN
    IF amount > 10000 AND bounds IS NOT NULL THEN
        RETURN bounds[greatest(floor((1 - share) * cardinality(bounds))::int, 1)];
    END IF;
    IF projects IS NULL THEN
        EXECUTE format('SELECT d.changed_at FROM %I d WHERE d.workspace_id = %L
                        ORDER BY d.changed_at DESC OFFSET %s LIMIT 1', part, tenant, floor(amount)) INTO found;
    ELSE -- the index knows of projects and not of workspaces
        EXECUTE format('SELECT max(one.changed_at) FROM unnest(%L::uuid[]) AS project, LATERAL (
                            SELECT d.changed_at FROM %I d WHERE d.project_id = project
                            ORDER BY d.changed_at DESC OFFSET %s LIMIT 1) AS one',
                       projects, part, floor(amount / cardinality(projects))) INTO found;
    END IF;
    RETURN found;
END $$;
"""

# ts_rank_cd() clears 32 kB for each node of a query, for each text: of ten stems that is dearer than all the rest. What
# a text does not have adds nothing to its rank, so it is ranked by what it has. Most have the same.
RANKING = r"""
-- A query without the operands that are not `said` (a bit for each).
CREATE FUNCTION search_kept(asked tsquery, operands tsquery[], said bigint) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = public AS $$
BEGIN
    FOR place IN 1 .. cardinality(operands) LOOP
        IF said & (1::bigint << place) = 0 THEN asked := ts_rewrite(asked, operands[place], ''); END IF;
    END LOOP;
    RETURN asked;
END $$;

-- What a SELECT of documents gives, ranked by a query (NULL: not).
CREATE FUNCTION search_ranked(documents text, asked tsquery) RETURNS search_match[]
LANGUAGE plpgsql SET search_path = public AS $$
DECLARE
    told text := '(project_id, task_id, id, kind, %s, changed_at)::search_match';
    rank text := 'ts_rank_cd(''{0.05, 0.2, 0.4, 1.0}'', words, %s, 1)';
    operands tsquery[];
    said text;
    matches search_match[];
BEGIN
    IF asked IS NULL THEN
        documents := format('SELECT array_agg(%s) FROM (%s) AS found', format(told, 0), documents);
    ELSIF numnode(asked) <= 5 OR asked::text ~ ' <(-|[0-9]+)> ' THEN
        documents := format('SELECT array_agg(%s) FROM (%s) AS found',
                            format(told, format(rank, quote_literal(asked))), documents);
    ELSE
        operands := ARRAY(SELECT each[1]::tsquery
                          FROM regexp_matches(asked::text, '''(?:[^'']|'''')*''(?::\*)?', 'g') AS each LIMIT 60);
        said := (SELECT string_agg(format('((words @@ %L::tsquery)::int::bigint << %s)', one, place), '|')
                 FROM unnest(operands) WITH ORDINALITY AS each(one, place));
        documents := format('WITH found AS MATERIALIZED (SELECT *, %s AS said FROM (%s) AS found),
            queries AS MATERIALIZED (SELECT said, search_kept(%L, %L, said) AS kept
                                     FROM (SELECT DISTINCT said FROM found) AS each)
            SELECT array_agg(%s) FROM found JOIN queries USING (said)',
            said, documents, asked, operands, format(told, format(rank, 'kept')));
    END IF;
    EXECUTE documents INTO matches;
    RETURN matches;
END $$;
"""

# Words and times are asked for by conditions of their own: the index then goes from one that matches the first to the
# next that matches the second, forth and back. As one query it read all of the rarer, and all lists of the other for
# each (of 36 spans: 17.8 ms instead of 1.2). From within a sub-select the planner takes them as they are: it knows
# already what they are worth, and reading its statistics of words takes longer than many a search. Nothing is read
# ahead, and nothing at once: what is in the system's cache is copied sooner than another process is asked for it.
NEWEST = r"""
DROP FUNCTION search_newest(tsquery, text, uuid, uuid[], int, int);
-- Documents of one workspace that match in a column (words or title), newest first, ranked by a query (NULL: not).
-- `bounded`: there may be more. Where a window has too few, an older one is looked at beside it.
CREATE FUNCTION search_newest(
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
    condition text := CASE
        WHEN phrase THEN format('d.%1$I @@ (SELECT %2$L::tsquery) AND ts_match_vq(d.%1$I, %3$L::tsquery)', of_column,
                                regexp_replace(querytree(asked), ' <(-|[0-9]+)> ', ' & ', 'g'), asked)
        ELSE format('d.%I @@ (SELECT %L::tsquery)', of_column, asked) END;
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
            WHERE (d.workspace_id = %L AND d.project_id = ANY(%L::uuid[])) IS TRUE AND %s %s
            ORDER BY d.changed_at DESC LIMIT %s', part, tenant, allowed, condition,
            CASE WHEN span IS NOT NULL THEN format('AND d.%I @@ (SELECT %L::tsquery)', of_column, span) END, most),
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
REVOKE ALL ON FUNCTION search_estimate(text, text), search_ranked(text, tsquery),
    search_horizon(text, uuid, uuid[], double precision, double precision, timestamptz[]),
    search_newest(tsquery, tsquery, text, uuid, uuid[], int, int) FROM PUBLIC;
"""

SEARCHING = r"""
-- Of `tasks` each is in the project at its place in `wanted`.
CREATE OR REPLACE FUNCTION search_candidates(
    asked tsquery, prefixes text[], wanted uuid[], tasks uuid[], ranked boolean, most int, compared int
) RETURNS TABLE (project_id uuid, task_id uuid, id uuid, kind text, score real, changed_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public SET jit = off SET effective_io_concurrency = 0 AS $$
#variable_conflict use_column
DECLARE
    allowed uuid[] := ARRAY(SELECT unnest(wanted) INTERSECT SELECT unnest(declared_scopes()));
    ranking tsquery := CASE WHEN ranked THEN asked END;
    tenant uuid;
    mine uuid[];
    query tsquery;
    found record;
    titled record;
    matches search_match[];
    more boolean := false;
BEGIN
    IF numnode(asked) = 0 THEN RETURN; END IF;
    FOR tenant, mine IN SELECT p.workspace_id, array_agg(p.id) FROM projects p WHERE p.id = ANY(allowed)
                        GROUP BY p.workspace_id LOOP
        IF tasks IS NOT NULL THEN
            -- Read by their keys, and then compared: the index of words would be read for each of them.
            matches := search_ranked(format('SELECT known.*
                FROM unnest(%L::uuid[], %L::uuid[]) AS named(project_id, task_id), LATERAL (
                    SELECT d.* FROM %I d WHERE d.workspace_id = %L AND d.project_id = named.project_id
                        AND d.task_id = named.task_id OFFSET 0) AS known
                WHERE named.project_id = ANY(%L) AND ts_match_vq(known.words, %L)
                ORDER BY known.changed_at DESC LIMIT %s',
                wanted, tasks, search_partition(tenant), tenant, mine, asked, 2 * most), ranking);
            more := more OR coalesce(cardinality(matches), 0) >= 2 * most;
        ELSE
            query := search_expanded(asked, prefixes, tenant, mine, 12);
            found := search_newest(query, ranking, 'words', tenant, mine, most, compared);
            matches := found.matches;
            more := more OR found.bounded OR query <> asked;
            IF ranked AND found.bounded THEN
                titled := search_newest(query, ranking, 'title', tenant, mine, most / 2, compared / 2);
                matches := matches || titled.matches;
            END IF;
        END IF;
        RETURN QUERY SELECT DISTINCT ON (one.id) one.* FROM unnest(matches) AS one ORDER BY one.id;
    END LOOP;
    IF more THEN
        RETURN QUERY SELECT NULL::uuid, NULL::uuid, NULL::uuid, 'more', 0::real, NULL::timestamptz;
    END IF;
END $$;

-- Beginnings of which very many texts have a word, as the commonest of those words: the index has to read all that a
-- beginning matches, but can skip from one text that has one of these to the next. The project's own words are among
-- them as far as there is room.
CREATE OR REPLACE FUNCTION search_expanded(asked tsquery, prefixes text[], tenant uuid, allowed uuid[], most int)
RETURNS tsquery LANGUAGE plpgsql SET search_path = public AS $$
DECLARE
    prefix text;
    words text[];
BEGIN
    FOREACH prefix IN ARRAY prefixes LOOP
        prefix := (tsvector_to_array(to_tsvector('search_plain', prefix)))[1];
        CONTINUE WHEN prefix IS NULL OR search_estimate(search_partition(tenant), format(
            'd.workspace_id = %L AND d.words @@ %L::tsquery', tenant, quote_literal(prefix) || ':*')) < 4000;
        words := ARRAY(
            SELECT known.word FROM pg_stats s, LATERAL unnest(
                s.most_common_elems::text::text[], s.most_common_elem_freqs) AS known(word, share)
            WHERE s.schemaname = 'public' AND s.attname = 'words' AND s.tablename = search_partition(tenant)
                AND starts_with(known.word, prefix) AND known.word <> prefix
            ORDER BY known.share DESC, known.word LIMIT most - 1);
        words := prefix || words || ARRAY(
            SELECT DISTINCT w.word FROM unnest(allowed) AS project, LATERAL (
                SELECT w.word FROM search_words w WHERE w.project_id = project AND w.word > prefix
                    AND w.word < prefix || chr(1114109) AND w.word <> ALL(words) LIMIT 500) AS w
            WHERE cardinality(words) < most - 1 ORDER BY w.word LIMIT most - 1 - cardinality(words));
        asked := ts_rewrite(asked, (quote_literal(prefix) || ':*')::tsquery,
                            (SELECT string_agg(quote_literal(word), '|') FROM unnest(words) AS word)::tsquery);
    END LOOP;
    RETURN asked;
END $$;
"""

SPELLINGS = r"""
-- Whether a text of these projects has a word, as it is written; of a common one the newest texts are asked.
CREATE OR REPLACE FUNCTION search_says(word text, allowed uuid[]) RETURNS boolean
LANGUAGE plpgsql SET search_path = public SET enable_seqscan = off SET enable_indexscan = off
SET max_parallel_workers_per_gather = 0 SET effective_io_concurrency = 0 AS $$
DECLARE
    asked tsquery := quote_literal(word)::tsquery;
    tenant uuid;
    mine uuid[];
    said boolean;
BEGIN
    FOR tenant, mine IN SELECT p.workspace_id, array_agg(p.id) FROM projects p WHERE p.id = ANY(allowed)
                        GROUP BY p.workspace_id LOOP
        IF search_estimate(search_partition(tenant), format('d.words @@ %L::tsquery', asked)) > 2000 THEN
            said := cardinality((search_newest(asked, NULL, 'words', tenant, mine, 1, 1)).matches) > 0;
        ELSE
            EXECUTE format('SELECT EXISTS (SELECT FROM %I d WHERE d.words @@ (SELECT %L::tsquery)
                                AND (d.workspace_id = %L AND d.project_id = ANY(%L::uuid[])) IS TRUE)',
                           search_partition(tenant), asked, tenant, mine) INTO said;
        END IF;
        IF said THEN RETURN true; END IF;
    END LOOP;
    RETURN false;
END $$;

-- For each term that no text of these projects has as a word: words of them that look like it, likest first. Words that
-- no text has any more are still known (migration 0016), and are told to nobody.
CREATE OR REPLACE FUNCTION search_spellings(terms text[], projects uuid[], most int)
RETURNS TABLE (term text, word text) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
#variable_conflict use_column
DECLARE
    allowed uuid[] := ARRAY(SELECT unnest(projects) INTERSECT SELECT unnest(declared_scopes()));
    asked text;
    alike text;
    known int;
    told int;
BEGIN
    FOREACH asked IN ARRAY terms LOOP
        CONTINUE WHEN EXISTS (SELECT FROM search_words w WHERE w.project_id = ANY(allowed) AND w.word = asked)
            AND search_says(asked, allowed);
        known := 0;
        told := 0;
        FOR alike IN SELECT v.word FROM search_vocabulary v WHERE v.word % asked AND v.word <> asked
                     ORDER BY similarity(v.word, asked) DESC, v.word LOOP
            CONTINUE WHEN NOT EXISTS (SELECT FROM search_words w WHERE w.project_id = ANY(allowed) AND w.word = alike);
            known := known + 1;
            IF search_says(alike, allowed) THEN
                told := told + 1;
                term := asked;
                word := alike;
                RETURN NEXT;
            END IF;
            EXIT WHEN told = most OR known = 4 * most;
        END LOOP;
    END LOOP;
END $$;
"""


def upgrade() -> None:
    for part in (TABLES, PLANNING, RANKING, NEWEST, SEARCHING, SPELLINGS):
        op.execute(part)


def downgrade() -> None:
    raise NotImplementedError("Lockstep restores a backup instead of migrating down.")
