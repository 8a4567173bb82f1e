// Batched reads for the Node peers: each takes a list of parents and gives one value for each, with one prepared
// statement. They read as the tables' owner, without row-level security and without asking who may see what.
'use strict';

const TASK = `t.id, t.project_id AS "projectId", p.key || '-' || t.number AS key, t.title, t.priority,
  t.sections->>'description' AS description, t.due_date AS "dueDate", t.estimate, t.rank, t.version,
  t.created_at AS "createdAt", t.updated_at AS "updatedAt", t.status_id AS "statusId", t.type_id AS "typeId"`;

const SQL = {
  project: 'SELECT id, key, name FROM projects WHERE key = $1',
  task: `SELECT ${TASK} FROM projects p JOIN tasks t ON t.project_id = p.id
    WHERE p.key = $1 AND t.number = $2 AND t.deleted_at IS NULL`,
  statuses: `SELECT project_id AS "projectId", id, name, upper(category) AS category FROM statuses
    WHERE project_id = ANY($1::uuid[]) AND deleted_at IS NULL ORDER BY rank`,
  tasksByStatus: `SELECT ${TASK} FROM unnest($1::uuid[], $2::uuid[]) AS asked(project_id, id)
    JOIN projects p ON p.id = asked.project_id
    CROSS JOIN LATERAL (SELECT * FROM tasks WHERE project_id = asked.project_id AND status_id = asked.id
      AND deleted_at IS NULL ORDER BY rank, id LIMIT $3) t`,
  tasksByProject: `SELECT ${TASK} FROM unnest($1::uuid[]) AS asked(id) JOIN projects p ON p.id = asked.id
    CROSS JOIN LATERAL (SELECT * FROM tasks WHERE project_id = asked.id AND deleted_at IS NULL
      ORDER BY created_at, id LIMIT $2) t`,
  statusById: `SELECT id, name, upper(category) AS category FROM statuses
    WHERE project_id = ANY($1::uuid[]) AND id = ANY($2::uuid[])`,
  typeById: 'SELECT id, name FROM task_types WHERE project_id = ANY($1::uuid[]) AND id = ANY($2::uuid[])',
  assignees: `SELECT a.task_id AS "taskId", u.id, u.name, u.avatar_url AS "avatarUrl"
    FROM task_assignees a JOIN users u ON u.id = a.user_id
    WHERE a.project_id = ANY($1::uuid[]) AND a.task_id = ANY($2::uuid[]) ORDER BY u.name`,
  labels: `SELECT m.task_id AS "taskId", l.id, l.name, l.color
    FROM task_labels m JOIN labels l ON l.project_id = m.project_id AND l.id = m.label_id
    WHERE m.project_id = ANY($1::uuid[]) AND m.task_id = ANY($2::uuid[]) ORDER BY l.name`,
  commentCounts: `SELECT task_id AS "taskId", count(*)::int AS count FROM comments
    WHERE project_id = ANY($1::uuid[]) AND task_id = ANY($2::uuid[]) AND deleted_at IS NULL GROUP BY task_id`,
  comments: `SELECT c.task_id AS "taskId", c.id, c.body, c.created_at AS "createdAt", c.author_id AS "authorId"
    FROM unnest($1::uuid[], $2::uuid[]) AS asked(project_id, id)
    CROSS JOIN LATERAL (SELECT * FROM comments WHERE project_id = asked.project_id AND task_id = asked.id
      ORDER BY created_at, id LIMIT $3) c`,
  userById: 'SELECT id, name, avatar_url AS "avatarUrl" FROM users WHERE id = ANY($1::uuid[])',
};

// Times as ISO 8601 and dates as they come: making Date objects of them would only cost time.
function tune(types) {
  types.setTypeParser(1082, (text) => text);
  types.setTypeParser(1184, (text) => `${text.replace(' ', 'T')}:00`);
}

const distinct = (values) => [...new Set(values)];

function grouped(keys, rows, column) {
  const groups = new Map(keys.map((key) => [key, []]));
  for (const row of rows) groups.get(row[column]).push(row);
  return groups;
}

function batches(pool) {
  const run = async (name, ...values) => (await pool.query({ name, text: SQL[name], values })).rows;
  const ofTasks = (tasks) => [distinct(tasks.map((task) => task.projectId)), tasks.map((task) => task.id)];
  const byId = async (name, projects, ids) => {
    const found = new Map();
    for (const row of await run(name, ...projects, distinct(ids))) found.set(row.id, row);
    return ids.map((id) => found.get(id) ?? null);
  };
  const byTask = (name) => async (tasks) => {
    const ids = tasks.map((task) => task.id);
    const groups = grouped(ids, await run(name, ...ofTasks(tasks)), 'taskId');
    return ids.map((id) => groups.get(id));
  };
  return {
    project: async (key) => (await run('project', key))[0] ?? null,
    task: async (key) => {
      const [project, number] = key.split('-');
      return (await run('task', project, Number(number)))[0] ?? null;
    },
    statuses: async (projects) => {
      const ids = projects.map((project) => project.id);
      const groups = grouped(ids, await run('statuses', ids), 'projectId');
      return ids.map((id) => groups.get(id));
    },
    tasksByStatus: async (statuses, first) => {
      const ids = statuses.map((status) => status.id);
      const rows = await run('tasksByStatus', statuses.map((status) => status.projectId), ids, first);
      const groups = grouped(ids, rows, 'statusId');
      return ids.map((id) => ({ nodes: groups.get(id) }));
    },
    tasksByProject: async (projects, first) => {
      const ids = projects.map((project) => project.id);
      const groups = grouped(ids, await run('tasksByProject', ids, first + 1), 'projectId');
      return ids.map((id) => connection(groups.get(id), first));
    },
    status: (tasks) => byId('statusById', [distinct(tasks.map((task) => task.projectId))], tasks.map((task) => task.statusId)),
    type: (tasks) => byId('typeById', [distinct(tasks.map((task) => task.projectId))], tasks.map((task) => task.typeId)),
    assignees: byTask('assignees'),
    labels: byTask('labels'),
    commentCount: async (tasks) => {
      const counts = new Map();
      for (const row of await run('commentCounts', ...ofTasks(tasks))) counts.set(row.taskId, row.count);
      return tasks.map((task) => counts.get(task.id) ?? 0);
    },
    comments: async (tasks, first) => {
      const ids = tasks.map((task) => task.id);
      const groups = grouped(ids, await run('comments', tasks.map((task) => task.projectId), ids, first), 'taskId');
      return ids.map((id) => ({ nodes: groups.get(id) }));
    },
    author: (comments) => byId('userById', [], comments.map((comment) => comment.authorId)),
  };
}

function connection(rows, first) {
  const edges = rows.slice(0, first).map((node) => ({ cursor: cursorOf(node), node }));
  return { edges, pageInfo: { hasNextPage: rows.length > first, endCursor: edges.at(-1)?.cursor ?? null } };
}

const cursorOf = (task) => Buffer.from(`${task.createdAt}|${task.id}`).toString('base64');

module.exports = { batches, tune };
