"""Searching: a misspelt word is taken for words that some text has now, not for those of deleted ones."""

from __future__ import annotations

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

SPELLINGS = """
-- Whether a text of these projects has a word, as it is written; of a common one the newest texts are asked.
CREATE FUNCTION search_says(word text, allowed uuid[]) RETURNS boolean
LANGUAGE plpgsql SET search_path = public AS $$
DECLARE
    tenant uuid;
    mine uuid[];
    found record;
BEGIN
    FOR tenant, mine IN SELECT p.workspace_id, array_agg(p.id) FROM projects p WHERE p.id = ANY(allowed)
                        GROUP BY p.workspace_id LOOP
        found := search_newest(quote_literal(word)::tsquery, 'words', tenant, mine, 1, 1);
        IF cardinality(found.documents) > 0 THEN RETURN true; END IF;
    END LOOP;
    RETURN false;
END $$;
REVOKE ALL ON FUNCTION search_says(text, uuid[]) FROM PUBLIC;

-- For each term that no text of these projects has as a word: words of them that look like it, likest first. Words that
-- no text has any more are still known (migration 0016), and are told to nobody.
CREATE OR REPLACE FUNCTION search_spellings(terms text[], projects uuid[], most int)
RETURNS TABLE (term text, word text) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
#variable_conflict use_column
DECLARE
    allowed uuid[] := ARRAY(SELECT unnest(projects) INTERSECT SELECT unnest(declared_scopes()));
    asked text;
    alike text;
    told int;
BEGIN
    FOREACH asked IN ARRAY terms LOOP
        CONTINUE WHEN EXISTS (SELECT FROM search_words w WHERE w.project_id = ANY(allowed) AND w.word = asked)
            AND search_says(asked, allowed);
        told := 0;
        FOR alike IN
            SELECT v.word FROM search_vocabulary v
            WHERE v.word % asked AND v.word <> asked
                AND EXISTS (SELECT FROM search_words w WHERE w.project_id = ANY(allowed) AND w.word = v.word)
            ORDER BY similarity(v.word, asked) DESC, v.word LIMIT 4 * most
        LOOP
            EXIT WHEN told = most;
            IF search_says(alike, allowed) THEN
                told := told + 1;
                term := asked;
                word := alike;
                RETURN NEXT;
            END IF;
        END LOOP;
    END LOOP;
END $$;
"""


def upgrade() -> None:
    op.execute(SPELLINGS)


def downgrade() -> None:
    raise NotImplementedError("Lockstep restores a backup instead of migrating down.")
