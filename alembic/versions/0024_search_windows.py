"""Searching among very many documents: windows of the newest, expanded beginnings, one vocabulary."""

from __future__ import annotations

from alembic import op

revision = "0024"
down_revision = "0022"
branch_labels = None
depends_on = None

# The index is made anew from the log: its documents get the lexemes of times.
TABLES = """
TRUNCATE search_documents, search_words, search_progress;

DROP INDEX search_documents_words;
DROP INDEX search_documents_title;
DROP INDEX search_words_like;
-- A list of what is pending would be read by every search. The indexer writes in batches anyway.
CREATE INDEX search_documents_words ON search_documents USING gin (words) WITH (fastupdate = off);
CREATE INDEX search_documents_title ON search_documents USING gin (title) WITH (fastupdate = off);

-- Partitions do not take this over from their parent. By it the planner tells a common word from a rare one.
DO $$
DECLARE
    part text;
BEGIN
    FOR part IN SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'search_documents'::regclass LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN words SET STATISTICS 400, ALTER COLUMN title SET STATISTICS 400,
                        ALTER COLUMN changed_at SET STATISTICS 400', part);
    END LOOP;
END $$;

-- Beginnings of words are looked for bytewise, whatever the database's collation.
ALTER TABLE search_words ALTER COLUMN word TYPE TEXT COLLATE "C";

-- Every word of any project once: what a misspelt one looks like is asked of few rows, and then who may know it.
CREATE TABLE search_vocabulary (
    word TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (word)
);
ALTER TABLE search_vocabulary ENABLE ROW LEVEL SECURITY;
-- The words of declared projects: the wall of search_words decides.
CREATE POLICY isolation_by_scopes ON search_vocabulary
    USING (EXISTS (SELECT FROM search_words w WHERE w.word = search_vocabulary.word));
GRANT SELECT ON search_vocabulary TO lockstep_service;
CREATE INDEX search_vocabulary_like ON search_vocabulary USING gin (word gin_trgm_ops);
"""

# A document has a lexeme for each span of time that it was changed in (17 minutes, 2 hours, 18 hours, 6 days, 48 days),
# of its project and of its workspace. So the index of words alone finds what is new and matches, skipping the rest.
# Short hashes: another place's document that one lets in is left out by its project.
TIMES = """
CREATE FUNCTION search_span(kind text, id uuid, level int, span bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT '/' || left(md5(kind || id::text || level || ':' || span), 10)
$$;

CREATE FUNCTION search_times(kind text, id uuid, changed_at timestamptz) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_agg(search_span(kind, id, level, extract(epoch FROM changed_at)::bigint >> level))
    FROM generate_series(10, 22, 3) AS level
$$;

-- The lexemes of all that was changed between two moments, the first one rounded down, all of one length.
-- Short spans are rarer than words are, so that the index goes from one document in them to the next.
CREATE FUNCTION search_since(kind text, id uuid, moment timestamptz, ending timestamptz, most int) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    first bigint := extract(epoch FROM moment)::bigint;
    last bigint := extract(epoch FROM ending)::bigint;
    level int := 10;
BEGIN
    WHILE level < 22 AND (last - first) >> level > most LOOP level := level + 3; END LOOP;
    RETURN (SELECT string_agg(search_span(kind, id, level, span), '|')
            FROM generate_series(first >> level, last >> level) AS span);
END $$;
"""

# Of a common word only the newest texts are looked at: as many as should have twice what is asked for, by the planner's
# statistics; if they have less, as many more as it takes. Of words of which few texts have all, all are looked at.
# The places of words are not in the index: of a phrase the `MOST_COMPARED` newest texts that have all its words are
# compared, no more.
WINDOWS = """
CREATE OR REPLACE FUNCTION search_estimate(condition text) RETURNS double precision
LANGUAGE plpgsql SET search_path = public AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT JSON) SELECT FROM search_documents d WHERE ' || condition INTO plan;
    RETURN (plan -> 0 -> 'Plan' ->> 'Plan Rows')::double precision;
END $$;

-- A moment since which about so many documents of these projects (of a whole workspace: NULL) were changed.
CREATE FUNCTION search_horizon(tenant uuid, projects uuid[], share double precision, amount double precision)
RETURNS timestamptz LANGUAGE plpgsql SET search_path = public SET enable_indexscan = on AS $$
DECLARE
    found timestamptz;
    bounds timestamptz[];
BEGIN
    IF amount > 10000 THEN
        SELECT histogram_bounds::text::timestamptz[] INTO bounds FROM pg_stats WHERE schemaname = 'public'
            AND attname = 'changed_at' AND tablename = search_partition(tenant);
        IF bounds IS NOT NULL THEN
            RETURN bounds[greatest(floor((1 - share) * cardinality(bounds))::int, 1)];
        END IF;
    END IF;
    IF projects IS NULL THEN
        EXECUTE format('SELECT d.changed_at FROM %I d WHERE d.workspace_id = %L
                        ORDER BY d.changed_at DESC OFFSET %s LIMIT 1',
                       search_partition(tenant), tenant, floor(amount)) INTO found;
    ELSE -- of the partition itself: the index knows of projects and not of workspaces
        EXECUTE format('SELECT max(one.changed_at) FROM unnest(%L::uuid[]) AS project, LATERAL (
                            SELECT d.changed_at FROM %I d WHERE d.project_id = project
                            ORDER BY d.changed_at DESC OFFSET %s LIMIT 1) AS one',
                       projects, search_partition(tenant), floor(amount / cardinality(projects))) INTO found;
    END IF;
    RETURN found;
END $$;

-- Where the documents of a workspace are, by name: statistics are of each partition (there are 16: migration 0016).
CREATE FUNCTION search_partition(tenant uuid) RETURNS text LANGUAGE sql STABLE SET search_path = public AS $$
    SELECT 'search_documents_part_' || lpad(part::text, 2, '0') FROM generate_series(0, 15) AS part
    WHERE satisfies_hash_partition('search_documents'::regclass, 16, part, tenant)
$$;

-- Beginnings of which very many texts have a word, as the commonest of those words: the index has to read all that a
-- beginning matches, but can skip from one text that has one of these to the next. The project's own words are among
-- them as far as there is room.
CREATE FUNCTION search_expanded(asked tsquery, prefixes text[], tenant uuid, allowed uuid[], most int)
RETURNS tsquery LANGUAGE plpgsql SET search_path = public AS $$
DECLARE
    prefix text;
    words text[];
BEGIN
    FOREACH prefix IN ARRAY prefixes LOOP
        prefix := (tsvector_to_array(to_tsvector('search_plain', prefix)))[1];
        CONTINUE WHEN prefix IS NULL OR search_estimate(format(
            'd.workspace_id = %L AND d.words @@ %L::tsquery', tenant, quote_literal(prefix) || ':*')) < 4000;
        WITH common AS (
            SELECT known.word, known.share FROM pg_stats s, LATERAL unnest(
                s.most_common_elems::text::text[], s.most_common_elem_freqs) AS known(word, share)
            WHERE s.schemaname = 'public' AND s.attname = 'words' AND s.tablename = search_partition(tenant)
                AND starts_with(known.word, prefix)
        ), own AS (
            SELECT DISTINCT w.word FROM unnest(allowed) AS project, LATERAL (
                SELECT w.word FROM search_words w WHERE w.project_id = project AND w.word >= prefix
                    AND w.word < prefix || chr(1114109) LIMIT 500) AS w
        )
        SELECT array_agg(quote_literal(word)) INTO words FROM (
            SELECT word FROM (
                SELECT word, share FROM common UNION ALL SELECT word, 0 FROM own UNION ALL SELECT prefix, 1
            ) AS each GROUP BY word ORDER BY max(share) DESC, word LIMIT most
        ) AS chosen;
        asked := ts_rewrite(asked, (quote_literal(prefix) || ':*')::tsquery, array_to_string(words, '|')::tsquery);
    END LOOP;
    RETURN asked;
END $$;

-- Documents of one workspace that match in a column (words or title), newest first. `bounded`: there may be more.
CREATE FUNCTION search_newest(
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
    since timestamptz;
    ending timestamptz;
    span tsquery;
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
        span := (CASE
            WHEN NOT bounded OR since IS NULL THEN places
            WHEN few THEN (SELECT string_agg(search_since('p', id, since, ending, 40 / cardinality(allowed)), '|')
                           FROM unnest(allowed) AS id)
            ELSE search_since('w', tenant, since, ending, 40) END)::tsquery;
        -- IS TRUE keeps the planner from reading the indexes of projects as well.
        EXECUTE format('SELECT array_agg(found) FROM (SELECT d FROM search_documents d
            WHERE d.workspace_id = %L AND (d.project_id = ANY(%L::uuid[])) IS TRUE AND d.%I @@ %L::tsquery
            ORDER BY d.changed_at DESC LIMIT %s) AS newest(found)', tenant, allowed, of_column, asked && span, most)
            INTO documents;
        EXIT WHEN NOT bounded OR phrase OR cardinality(documents) >= most;
        -- Stems are counted beside their words, so there are often somewhat fewer than the planner thinks.
        amount := amount * least(16, greatest(1.5, 1.5 * most / greatest(coalesce(cardinality(documents), 0), 1)));
    END LOOP;
    documents := coalesce(documents, '{}');
    bounded := bounded OR cardinality(documents) >= most;
END $$;
"""

# These run as the owner, with the wall inside (migration 0016): what they give is of declared projects alone.
SEARCHING = """
DROP FUNCTION search_candidates(tsquery, uuid[], uuid[], boolean, int);
DROP FUNCTION search_count(tsquery, uuid[], int);
DROP FUNCTION search_places(tsquery, uuid[], uuid[], text, text, int);
DROP FUNCTION search_spellings(text[], uuid[], int);

-- A last row of the kind `more` says that there may be others.
CREATE FUNCTION search_candidates(
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
            EXECUTE format('SELECT array_agg(found) FROM (SELECT d FROM search_documents d
                WHERE d.workspace_id = %L AND d.project_id = ANY(%L::uuid[]) AND d.task_id = ANY(%L::uuid[])
                    AND d.words @@ %L::tsquery ORDER BY d.changed_at DESC LIMIT %s) AS newest(found)',
                tenant, mine, tasks, asked, 2 * most) INTO documents;
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

CREATE FUNCTION search_count(asked tsquery, prefixes text[], wanted uuid[], most int, compared int) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
    SELECT count(DISTINCT task_id)
    FROM search_candidates(asked, prefixes, wanted, NULL, false, most, compared) WHERE kind <> 'more'
$$;

-- For each term that no word of these projects is: words of them that look like it, likest first.
CREATE FUNCTION search_spellings(terms text[], projects uuid[], most int) RETURNS TABLE (term text, word text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    WITH allowed AS (SELECT ARRAY(SELECT unnest(projects) INTERSECT SELECT unnest(declared_scopes())) AS ids)
    SELECT asked.term, alike.word
    FROM allowed, unnest(terms) AS asked(term), LATERAL (
        SELECT v.word, similarity(v.word, asked.term) AS likeness FROM search_vocabulary v
        WHERE v.word % asked.term
            AND EXISTS (SELECT FROM search_words w WHERE w.project_id = ANY(allowed.ids) AND w.word = v.word)
        ORDER BY likeness DESC, v.word LIMIT most
    ) AS alike
    WHERE NOT EXISTS (
        SELECT FROM search_words w WHERE w.project_id = ANY(allowed.ids) AND w.word = asked.term)
$$;

-- In order: two that learn the same words wait for each other, and not in a circle.
CREATE FUNCTION search_learn(project uuid, texts text[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
    WITH known AS (
        SELECT DISTINCT word FROM unnest(texts) AS given(text),
            LATERAL unnest(tsvector_to_array(to_tsvector('search_plain', given.text))) AS word
        WHERE length(word) BETWEEN 4 AND 40 AND word ~ '^[[:alpha:]]+$' AND project = ANY(declared_scopes())
    ), new AS (
        INSERT INTO search_words (project_id, word) SELECT project, word FROM known ORDER BY word
        ON CONFLICT DO NOTHING RETURNING word
    )
    INSERT INTO search_vocabulary (word) SELECT word FROM new ORDER BY word ON CONFLICT DO NOTHING
$$;

-- Keep no word that no document of the project has, and none that no project has.
CREATE FUNCTION search_forget(project uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    IF NOT project = ANY(declared_scopes()) THEN RETURN; END IF;
    DELETE FROM search_words WHERE project_id = project;
    INSERT INTO search_words (project_id, word)
    SELECT DISTINCT project, word FROM search_documents d, LATERAL unnest(tsvector_to_array(d.words)) AS word
    WHERE d.project_id = project AND length(word) BETWEEN 4 AND 40 AND word ~ '^[[:alpha:]]+$';
    DELETE FROM search_vocabulary v WHERE NOT EXISTS (SELECT FROM search_words w WHERE w.word = v.word);
END $$;

REVOKE ALL ON FUNCTION search_estimate(text), search_horizon(uuid, uuid[], double precision, double precision),
    search_partition(uuid), search_expanded(tsquery, text[], uuid, uuid[], int),
    search_newest(tsquery, text, uuid, uuid[], int, int) FROM PUBLIC;
REVOKE INSERT, DELETE ON search_words FROM lockstep_service;
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(TIMES)
    op.execute(WINDOWS)
    op.execute(SEARCHING)


def downgrade() -> None:
    raise NotImplementedError("Lockstep restores a backup instead of migrating down.")
