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

-- The whole update as one statement; null: the task is not at the expected version.
CREATE FUNCTION peers.task_update(task_id uuid, expected_version int, title text) RETURNS int
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    project uuid;
    made int;
BEGIN
    SELECT l.project_id INTO project FROM public.task_locations l WHERE l.task_id = task_update.task_id;
    WITH changed AS (
        UPDATE peers.tasks t
        SET title = task_update.title, version = t.version + 1, updated_at = clock_timestamp()
        WHERE t.project_id = project AND t.id = task_update.task_id AND t.version = expected_version
        RETURNING t.id, t.version
    ), ticked AS (
        UPDATE peers.clocks c SET seq = c.seq + 1
        WHERE c.id = project AND EXISTS (SELECT FROM changed) RETURNING c.seq
    ), appended AS (
        INSERT INTO peers.events
        SELECT project, ticked.seq, changed.id, jsonb_build_object('title', task_update.title), clock_timestamp()
        FROM ticked, changed
    )
    SELECT changed.version INTO made FROM changed;
    RETURN made;
END $$;
