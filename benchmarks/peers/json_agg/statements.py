"""The whole answer as one statement each: PostgreSQL builds the JSON. No GraphQL, and no question who may see it."""

from __future__ import annotations

_ASSIGNEES = """(SELECT coalesce(json_agg(json_build_object('id', u.id, 'name', u.name {avatar}) ORDER BY u.name), '[]')
    FROM task_assignees a JOIN users u ON u.id = a.user_id
    WHERE a.project_id = t.project_id AND a.task_id = t.id)"""
_LABELS = """(SELECT coalesce(json_agg(
        json_build_object('id', l.id, 'name', l.name, 'color', l.color) ORDER BY l.name), '[]')
    FROM task_labels m JOIN labels l ON l.project_id = m.project_id AND l.id = m.label_id
    WHERE m.project_id = t.project_id AND m.task_id = t.id)"""
_COUNT = """(SELECT count(*) FROM comments c
    WHERE c.project_id = t.project_id AND c.task_id = t.id AND c.deleted_at IS NULL)"""
_SHOWN = _ASSIGNEES.format(avatar=", 'avatarUrl', u.avatar_url")
_NAMED = _ASSIGNEES.format(avatar="")

BOARD = f"""
SELECT json_build_object('data', json_build_object('project', json_build_object(
    'id', p.id, 'name', p.name, 'statuses', (
        SELECT json_agg(json_build_object('id', s.id, 'name', s.name, 'category', upper(s.category), 'tasks',
            json_build_object('nodes', (
                SELECT coalesce(json_agg(json_build_object(
                    'id', t.id, 'key', p.key || '-' || t.number, 'title', t.title, 'priority', t.priority,
                    'dueDate', t.due_date, 'estimate', t.estimate, 'rank', t.rank, 'version', t.version,
                    'assignees', {_SHOWN}, 'labels', {_LABELS}, 'commentCount', {_COUNT}
                ) ORDER BY t.rank, t.id), '[]')
                FROM (SELECT * FROM tasks WHERE project_id = p.id AND status_id = s.id AND deleted_at IS NULL
                      ORDER BY rank, id LIMIT $2) t
            ))) ORDER BY s.rank)
        FROM statuses s WHERE s.project_id = p.id AND s.deleted_at IS NULL
    ))))::text
FROM projects p WHERE p.key = $1
"""
PAGE = f"""
SELECT json_build_object('data', json_build_object('project', json_build_object('tasks', (
    SELECT json_build_object(
        'pageInfo', json_build_object('hasNextPage', count(*) > $2,
                                      'endCursor', max(t.cursor) FILTER (WHERE t.place <= $2)),
        'edges', coalesce(json_agg(json_build_object('cursor', t.cursor, 'node', json_build_object(
            'id', t.id, 'key', p.key || '-' || t.number, 'title', t.title, 'priority', t.priority,
            'status', json_build_object('id', s.id, 'name', s.name), 'assignees', {_NAMED}, 'commentCount', {_COUNT}
        )) ORDER BY t.place) FILTER (WHERE t.place <= $2), '[]'))
    FROM (SELECT *, created_at || '|' || id AS cursor, row_number() OVER (ORDER BY created_at, id) AS place
          FROM (SELECT * FROM tasks WHERE project_id = p.id AND deleted_at IS NULL
                ORDER BY created_at, id LIMIT $2 + 1) first) t
    JOIN statuses s ON s.project_id = t.project_id AND s.id = t.status_id
))))::text
FROM projects p WHERE p.key = $1
"""
TASK = f"""
SELECT json_build_object('data', json_build_object('task', json_build_object(
    'id', t.id, 'key', p.key || '-' || t.number, 'title', t.title, 'description', t.sections->>'description',
    'priority', t.priority, 'createdAt', t.created_at,
    'status', json_build_object('id', s.id, 'name', s.name), 'type', json_build_object('id', y.id, 'name', y.name),
    'assignees', {_NAMED}, 'labels', {_LABELS},
    'comments', json_build_object('nodes', (
        SELECT coalesce(json_agg(json_build_object(
            'id', c.id, 'body', c.body, 'createdAt', c.created_at, 'author', CASE WHEN u.id IS NOT NULL THEN
                json_build_object('id', u.id, 'name', u.name, 'avatarUrl', u.avatar_url) END
        ) ORDER BY c.created_at, c.id), '[]')
        FROM (SELECT * FROM comments WHERE project_id = t.project_id AND task_id = t.id
              ORDER BY created_at, id LIMIT $3) c LEFT JOIN users u ON u.id = c.author_id)))))::text
FROM projects p JOIN tasks t ON t.project_id = p.id AND t.number = $2
JOIN statuses s ON s.project_id = t.project_id AND s.id = t.status_id
JOIN task_types y ON y.project_id = t.project_id AND y.id = t.type_id
WHERE p.key = $1 AND t.deleted_at IS NULL
"""
