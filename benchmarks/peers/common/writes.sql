-- What the peers write: tables with the columns, partitions and indexes of ours, and none of what ours have besides
-- (no row-level security, no foreign keys, no trigger that asks for an event). Their advantage, and said.
CREATE SCHEMA peers;
SET search_path = peers, public;

CREATE TABLE peers.tasks (LIKE public.tasks INCLUDING DEFAULTS INCLUDING INDEXES) PARTITION BY HASH (project_id);
CREATE TABLE peers.clocks (id uuid PRIMARY KEY, seq bigint NOT NULL);
CREATE TABLE peers.events (
    project_id uuid NOT NULL,
    seq bigint NOT NULL,
    task_id uuid NOT NULL,
    payload jsonb NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (project_id, seq)
) PARTITION BY HASH (project_id);
SELECT public.make_partitions('tasks', 16), public.make_partitions('events', 16);

INSERT INTO peers.tasks SELECT * FROM public.tasks;
INSERT INTO peers.clocks SELECT id, 0 FROM public.projects;

-- The whole update as one statement; null: the task is not at the expected version. ``told``: by NOTIFY, as PostGraphile's
-- own subscriptions are.
CREATE FUNCTION peers.make_update(task_id uuid, expected_version int, title text, told boolean) RETURNS int
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    project uuid;
    made int;
    at bigint;
BEGIN
    SELECT l.project_id INTO project FROM public.task_locations l WHERE l.task_id = make_update.task_id;
    WITH changed AS (
        UPDATE peers.tasks t
        SET title = make_update.title, version = t.version + 1, updated_at = clock_timestamp()
        WHERE t.project_id = project AND t.id = make_update.task_id AND t.version = expected_version
        RETURNING t.id, t.version
    ), ticked AS (
        UPDATE peers.clocks c SET seq = c.seq + 1
        WHERE c.id = project AND EXISTS (SELECT FROM changed) RETURNING c.seq
    ), appended AS (
        INSERT INTO peers.events
        SELECT project, ticked.seq, changed.id, jsonb_build_object('title', make_update.title), clock_timestamp()
        FROM ticked, changed
    )
    SELECT changed.version, ticked.seq INTO made, at FROM changed, ticked;
    IF told AND made IS NOT NULL THEN
        PERFORM pg_notify('project:' || project, jsonb_build_object('seq', at, 'title', make_update.title)::text);
    END IF;
    RETURN made;
END $$;

CREATE FUNCTION peers.task_update(task_id uuid, expected_version int, title text) RETURNS int
LANGUAGE sql VOLATILE AS $$ SELECT peers.make_update(task_id, expected_version, title, true) $$;

CREATE FUNCTION peers.task_update_untold(task_id uuid, expected_version int, title text) RETURNS int
LANGUAGE sql VOLATILE AS $$ SELECT peers.make_update(task_id, expected_version, title, false) $$;
