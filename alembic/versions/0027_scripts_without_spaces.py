"""Searching scripts without spaces: a single character, also the last one of its text."""

from __future__ import annotations

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

# Of the kind `begun` the last word is a beginning: 画 finds 画面, and 第1画 finds 第1画面.
QUERIES = """
CREATE OR REPLACE FUNCTION search_query(terms text[], kinds text[], excluded boolean[], languages text[])
RETURNS tsquery LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
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
                WHEN 'begun' THEN
                    phraseto_tsquery('search_plain', regexp_replace(choice, ' \\S+$', ''))
                    <-> to_tsquery('search_plain', quote_literal(substring(choice FROM '\\S+$')) || ':*')
                WHEN 'key' THEN quote_literal(choice)::tsquery
                    || phraseto_tsquery('search_plain', replace(choice, '-', ' '))
                ELSE phraseto_tsquery('search_plain', choice) END;
            one := CASE WHEN one IS NULL THEN stem ELSE one || stem END;
            IF kinds[i] IN ('phrase', 'begun', 'key') THEN CONTINUE; END IF;
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

# The last characters are words of their own now: projects with such texts are indexed anew, in the background.
ANEW = r"""
UPDATE search_progress SET seq = 0 WHERE scope_id IN (
    SELECT DISTINCT project_id FROM search_documents
    WHERE words::text ~ '[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]'
);
"""


def upgrade() -> None:
    op.execute(QUERIES)
    op.execute(ANEW)


def downgrade() -> None:
    raise NotImplementedError("Lockstep restores a backup instead of migrating down.")
