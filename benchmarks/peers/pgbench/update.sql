\set number random(1, :tasks)
\set word random(1, 1000000000)
WITH changed AS (
    UPDATE peers.tasks t SET title = 'Title ' || (:word)::text, version = t.version + 1, updated_at = clock_timestamp()
    WHERE t.project_id = :project AND t.number = :number AND t.version >= 1
    RETURNING t.id, t.title
), ticked AS (
    UPDATE peers.clocks c SET seq = c.seq + 1
    WHERE c.id = :project AND EXISTS (SELECT FROM changed) RETURNING c.seq
)
INSERT INTO peers.events
SELECT :project, ticked.seq, changed.id, jsonb_build_object('title', changed.title), clock_timestamp() FROM ticked, changed;
