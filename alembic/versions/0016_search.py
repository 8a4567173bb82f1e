"""Full-text search: documents kept from the log, and the functions that look in them."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

EXTENSIONS = """
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS unaccent;

-- Every word as it is written, but for case and accents: for phrases, prefixes and words of any language.
CREATE TEXT SEARCH CONFIGURATION search_plain (COPY = simple);
ALTER TEXT SEARCH CONFIGURATION search_plain
    ALTER MAPPING FOR asciihword, asciiword, hword, hword_asciipart, hword_part, word WITH unaccent, simple;
"""

# Derived from the log: no event tells of a document, and no foreign key makes a writer wait for one.
TABLES = """
CREATE TABLE search_documents (
    workspace_id UUID NOT NULL,
    project_id UUID NOT NULL,
    id UUID NOT NULL,
    task_id UUID NOT NULL,
    kind TEXT NOT NULL,
    language TEXT NOT NULL,
    title TSVECTOR,
    words TSVECTOR NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (workspace_id, project_id, id)
)
 PARTITION BY HASH (workspace_id);
CREATE INDEX search_documents_words ON search_documents USING gin (words);
CREATE INDEX search_documents_title ON search_documents USING gin (title);
CREATE INDEX search_documents_newest ON search_documents (workspace_id, changed_at DESC);
CREATE INDEX search_documents_project ON search_documents (project_id, changed_at DESC);
CREATE INDEX search_documents_task ON search_documents (project_id, task_id);
-- By these statistics the planner tells a common word from a rare one.
ALTER TABLE search_documents ALTER COLUMN words SET STATISTICS 1000;

-- Every word of a project once, to find what a misspelt one was meant to be.
CREATE TABLE search_words (
    project_id UUID NOT NULL,
    word TEXT NOT NULL,
    PRIMARY KEY (project_id, word)
);
CREATE INDEX search_words_like ON search_words USING gin (word gin_trgm_ops);

CREATE TABLE search_progress (
    scope_id UUID NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (scope_id),
    FOREIGN KEY(scope_id) REFERENCES scopes (id)
);
"""

# A query of several terms, each looked for in every language given: a document has the stems of its own alone.
QUERIES = """
CREATE FUNCTION search_query(terms text[], kinds text[], excluded boolean[], languages text[]) RETURNS tsquery
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    whole tsquery;
    one tsquery;
    stem tsquery;
    language text;
    choice text;
BEGIN
    FOR i IN 1 .. cardinality(terms) LOOP
        one := NULL;
        FOREACH choice IN ARRAY string_to_array(terms[i], '|') LOOP
            stem := CASE kinds[i]
                WHEN 'prefix' THEN to_tsquery('search_plain', quote_literal(choice) || ':*')
                WHEN 'key' THEN quote_literal(choice)::tsquery
                    || phraseto_tsquery('search_plain', replace(choice, '-', ' '))
                ELSE phraseto_tsquery('search_plain', choice) END;
            one := CASE WHEN one IS NULL THEN stem ELSE one || stem END;
            IF kinds[i] = 'phrase' OR kinds[i] = 'key' THEN CONTINUE; END IF;
            FOREACH language IN ARRAY languages LOOP
                stem := phraseto_tsquery(language::regconfig, choice);
                IF numnode(stem) > 0 AND NOT stem <@ one THEN one := one || stem; END IF;
            END LOOP;
        END LOOP;
        IF numnode(one) = 0 THEN CONTINUE; END IF;
        IF excluded[i] THEN one := !!one; END IF;
        whole := CASE WHEN whole IS NULL THEN one ELSE whole && one END;
    END LOOP;
    RETURN coalesce(whole, ''::tsquery);
END $$;
"""

# Under a policy the planner uses no index for `@@` and `%`, which may leak what they see: these functions run as the
# owner, with the wall inside, and give ids and ranks (and words) of declared projects alone.
#
# A common word matches a third of all documents. So of each place (a project, or a whole workspace where there are
# many) at most `most` of them are ranked: the newest of those whose title matches, and the newest of all. The planner
# walks from the newest for common words and takes the index of words for rare ones, which it can tell apart because it
# is given the query itself, each time anew. The place is a lexeme of every document too, so that the index of words
# alone finds what is common elsewhere and rare here.
SEARCHING = """
CREATE FUNCTION search_place(kind text, id uuid) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT '/' || kind || replace(id::text, '-', '')
$$;

-- How many documents the planner expects: from its statistics of words, without looking at any. (EXPLAIN runs in no
-- function that is declared to be stable.)
CREATE FUNCTION search_estimate(condition text) RETURNS double precision
LANGUAGE plpgsql SET search_path = public AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT JSON) SELECT FROM search_documents d WHERE ' || condition INTO plan;
    RETURN (plan -> 0 -> 'Plan' ->> 'Plan Rows')::double precision;
END $$;

-- The SELECT of documents that match, of the columns asked for: a branch for each place, or one for all.
CREATE FUNCTION search_places(asked tsquery, wanted uuid[], tasks uuid[], columns text, ending text, most int)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    allowed uuid[] := ARRAY(SELECT unnest(wanted) INTERSECT SELECT unnest(declared_scopes()));
    tenants uuid[] := ARRAY(SELECT DISTINCT p.workspace_id FROM projects p WHERE p.id = ANY(allowed));
    few boolean := cardinality(allowed) <= 8;
    text text := format('SELECT %s FROM search_documents d WHERE ', columns);
    within text := format('d.workspace_id = ANY(%L::uuid[]) AND d.project_id = ANY(%L::uuid[])', tenants, allowed);
    places tsquery;
    whole double precision;
    matching double precision;
BEGIN
    IF numnode(asked) = 0 OR cardinality(allowed) = 0 THEN RETURN NULL; END IF;
    IF tasks IS NOT NULL THEN
        RETURN format('(%s %s AND d.task_id = ANY(%L::uuid[]) AND d.words @@ %L::tsquery %s)',
                      text, within, tasks, asked, ending);
    END IF;
    IF NOT few THEN
        RETURN (SELECT string_agg(format(
            '(%s d.workspace_id = %L AND d.project_id = ANY(%L::uuid[]) AND d.words @@ %L::tsquery %s)', text,
            tenant, allowed, asked && search_place('w', tenant)::tsquery, ending), ' UNION ALL ')
            FROM unnest(tenants) AS tenant);
    END IF;
    -- Walking from the newest reads most / share documents of each project, the index of words all that match. (As a
    -- function, the match is no condition that an index could serve.)
    whole := search_estimate(within);
    matching := search_estimate(format('%s AND d.words @@ %L::tsquery', within, asked));
    IF matching * matching > whole * most * cardinality(allowed) THEN
        RETURN (SELECT string_agg(format(
            '(%s d.workspace_id = %L AND d.project_id = %L AND ts_match_vq(d.words, %L::tsquery) %s)', text,
            p.workspace_id, p.id, asked, ending), ' UNION ALL ') FROM projects p WHERE p.id = ANY(allowed));
    END IF;
    places := (SELECT string_agg(search_place('p', id), '|') FROM unnest(allowed) AS id)::tsquery;
    RETURN format('(%s %s AND d.words @@ %L::tsquery %s)', text, within, asked && places, ending);
END $$;
REVOKE ALL ON FUNCTION search_places(tsquery, uuid[], uuid[], text, text, int) FROM PUBLIC;

CREATE FUNCTION search_candidates(asked tsquery, wanted uuid[], tasks uuid[], ranked boolean, most int)
RETURNS TABLE (project_id uuid, task_id uuid, id uuid, kind text, score real, changed_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public SET jit = off AS $$
DECLARE
    ending text := format('ORDER BY d.changed_at DESC LIMIT %s', most);
    found text := search_places(asked, wanted, tasks, 'd.*', ending, most);
BEGIN
    IF found IS NULL THEN RETURN; END IF;
    IF ranked AND tasks IS NULL THEN
        found := found || ' UNION ALL '
            || replace(replace(found, 'd.words @@', 'd.title @@'), 'ts_match_vq(d.words,', 'ts_match_vq(d.title,');
    END IF;
    RETURN QUERY EXECUTE format($q$
        SELECT once.project_id, once.task_id, once.id, once.kind,
               CASE WHEN $2 THEN ts_rank_cd('{0.05, 0.2, 0.4, 1.0}', once.words, $1, 1) ELSE 0 END::real,
               once.changed_at
        FROM (SELECT DISTINCT ON (found.id) found.* FROM (%s) AS found ORDER BY found.id) AS once
        ORDER BY once.changed_at DESC LIMIT %s
    $q$, found, 2 * most) USING asked, ranked;
END $$;

CREATE FUNCTION search_count(asked tsquery, wanted uuid[], most int) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public SET jit = off AS $$
DECLARE
    found text := search_places(asked, wanted, NULL, 'd.task_id', format('LIMIT %s', most), most);
    counted bigint := 0;
BEGIN
    IF found IS NOT NULL THEN
        EXECUTE format('SELECT count(DISTINCT found.task_id) FROM (%s) AS found', found) INTO counted;
    END IF;
    RETURN counted;
END $$;

-- For each term that no word of these projects is or begins with: words that look like it, likest first.
CREATE FUNCTION search_spellings(terms text[], projects uuid[], most int) RETURNS TABLE (term text, word text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public SET pg_trgm.similarity_threshold = 0.3 AS $$
    WITH allowed AS (SELECT ARRAY(SELECT unnest(projects) INTERSECT SELECT unnest(declared_scopes())) AS ids)
    SELECT asked.term, alike.word
    FROM allowed, unnest(terms) AS asked(term), LATERAL (
        SELECT w.word, max(similarity(w.word, asked.term)) AS likeness FROM search_words w
        WHERE w.project_id = ANY(allowed.ids) AND w.word % asked.term
        GROUP BY w.word ORDER BY likeness DESC, w.word LIMIT most
    ) AS alike
    WHERE NOT EXISTS (
        SELECT FROM search_words w WHERE w.project_id = ANY(allowed.ids) AND w.word = asked.term)
$$;

-- Which logs are ahead of the index: ids alone.
CREATE FUNCTION search_due(batch int) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT s.id FROM scopes s LEFT JOIN search_progress g ON g.scope_id = s.id
    WHERE s.kind = 'project' AND s.seq > coalesce(g.seq, 0) LIMIT batch
$$;
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE, DELETE ON search_documents TO lockstep_service;
GRANT SELECT, INSERT, DELETE ON search_words TO lockstep_service;
GRANT SELECT, INSERT, UPDATE ON search_progress TO lockstep_service;
"""


def upgrade() -> None:
    op.execute(EXTENSIONS)
    op.execute(TABLES)
    op.execute("SELECT make_partitions('search_documents', 16)")
    op.execute(QUERIES)
    op.execute(SEARCHING)
    op.execute("SELECT isolate('search_documents', 'scopes', 'project_id')")
    op.execute("SELECT isolate('search_words', 'scopes', 'project_id')")
    op.execute("SELECT isolate('search_progress', 'scopes', 'scope_id')")
    op.execute(GRANTS)


def downgrade() -> None:
    raise NotImplementedError("Lockstep restores a backup instead of migrating down.")
