"""Tasks in the order of a custom field: which of several options is the first one is kept, not looked for."""

from __future__ import annotations

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

# `first`: by the option's place, then by its id. Options that are deleted, or that the definition has not, come last.
COLUMN = """
ALTER TABLE task_field_values ADD COLUMN first BOOLEAN NOT NULL DEFAULT true;

CREATE FUNCTION option_places(options jsonb) RETURNS TABLE (ref uuid, place int)
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = public AS $$
    SELECT key::uuid, (value ->> 'place')::int FROM jsonb_each(options) WHERE NOT (value ->> 'deleted')::boolean
$$;

CREATE FUNCTION rank_field_options(project uuid, field uuid, options jsonb) RETURNS void
LANGUAGE sql SET search_path = public AS $$
    UPDATE task_field_values v SET first = ranked.first FROM (
        SELECT w.task_id, w.place,
               row_number() OVER (PARTITION BY w.task_id ORDER BY o.place NULLS LAST, w.ref) = 1 AS first
        FROM task_field_values w LEFT JOIN option_places(options) o ON o.ref = w.ref
        WHERE w.project_id = project AND w.field_id = field
    ) AS ranked
    WHERE v.project_id = project AND v.field_id = field AND v.task_id = ranked.task_id AND v.place = ranked.place
        AND v.first <> ranked.first
$$;
REVOKE ALL ON FUNCTION rank_field_options(uuid, uuid, jsonb) FROM PUBLIC;

SELECT rank_field_options(project_id, id, options) FROM custom_fields WHERE kind = 'multi_select';

DROP INDEX task_field_values_ref;
CREATE INDEX task_field_values_ref ON task_field_values (project_id, field_id, ref, first, task_id)
    WHERE ref IS NOT NULL;

-- Of a field all values are of one project, and in one column. Without it the planner takes them for a small part of
-- what they are.
CREATE STATISTICS task_field_values_fields (dependencies)
    ON project_id, field_id, (text IS NOT NULL), (number IS NOT NULL), (day IS NOT NULL), (ref IS NOT NULL)
    FROM task_field_values;
ANALYZE task_field_values;
"""

# Who gives options another order holds the guard that writers of tasks share: no task is written by the old one.
TRIGGERS = """
CREATE FUNCTION keep_first_options() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    IF TG_OP = 'INSERT' OR (SELECT array_agg(ref ORDER BY place, ref) FROM option_places(OLD.options))
            IS DISTINCT FROM (SELECT array_agg(ref ORDER BY place, ref) FROM option_places(NEW.options)) THEN
        PERFORM rank_field_options(NEW.project_id, NEW.id, NEW.options);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER keep_first_options AFTER INSERT OR UPDATE OF options ON custom_fields FOR EACH ROW
    WHEN (NEW.kind = 'multi_select') EXECUTE FUNCTION keep_first_options();

CREATE OR REPLACE FUNCTION keep_field_values() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM task_field_values WHERE project_id = OLD.project_id AND task_id = OLD.id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO task_field_values (project_id, task_id, field_id, place, text, number, day, ref)
        SELECT NEW.project_id, NEW.id, one.key::uuid, 0, coalesce(one.value ->> 'text', one.value ->> 'url'),
               (one.value ->> 'number')::float, (one.value ->> 'date')::date,
               coalesce(one.value ->> 'option_id', one.value ->> 'user_id')::uuid
        FROM jsonb_each(NEW.fields) AS one WHERE NOT one.value ? 'option_ids';
        IF NEW.fields::text LIKE '%"option_ids"%' THEN
            INSERT INTO task_field_values (project_id, task_id, field_id, place, ref, first)
            SELECT NEW.project_id, NEW.id, one.key::uuid, chosen.place, chosen.id::uuid, row_number() OVER (
                       PARTITION BY one.key ORDER BY o.place NULLS LAST, chosen.id::uuid) = 1
            FROM jsonb_each(NEW.fields) AS one
            CROSS JOIN jsonb_array_elements_text(one.value -> 'option_ids') WITH ORDINALITY AS chosen(id, place)
            LEFT JOIN custom_fields f ON f.project_id = NEW.project_id AND f.id = one.key::uuid
            LEFT JOIN LATERAL option_places(f.options) o ON o.ref = chosen.id::uuid
            WHERE one.value ? 'option_ids';
        END IF;
    END IF;
    RETURN NULL;
END $$;
"""


def upgrade() -> None:
    op.execute(COLUMN)
    op.execute(TRIGGERS)


def downgrade() -> None:
    raise NotImplementedError("Lockstep restores a backup instead of migrating down.")
