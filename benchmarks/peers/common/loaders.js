// DataLoaders of one request over the batched reads, and resolvers that use them. Without DataLoader's own cache: no
// parent is asked about twice in a request.
'use strict';

const DataLoader = require(require.resolve('dataloader', { paths: [require.main.path] }));

const PLAIN = ['statuses', 'status', 'type', 'assignees', 'labels', 'commentCount', 'author'];
const LISTS = ['tasksByStatus', 'tasksByProject', 'comments'];

function loaders(read) {
  const made = {};
  for (const name of PLAIN) made[name] = new DataLoader((parents) => read[name](parents), { cache: false });
  for (const name of LISTS) {
    const batch = (asked) => read[name](asked.map((one) => one.parent), asked[0].first);
    made[name] = new DataLoader(batch, { cache: false });
  }
  return made;
}

const by = (name) => (parent, _arguments, context) => context.loaders[name].load(parent);
const list = (name) => (parent, { first }, context) => context.loaders[name].load({ parent, first });

const resolvers = (read) => ({
  Query: { project: (_, { key }) => read.project(key), task: (_, { key }) => read.task(key) },
  Project: { statuses: by('statuses'), tasks: list('tasksByProject') },
  Status: { tasks: list('tasksByStatus') },
  Task: {
    status: by('status'),
    type: by('type'),
    assignees: by('assignees'),
    labels: by('labels'),
    commentCount: by('commentCount'),
    comments: list('comments'),
  },
  Comment: { author: by('author') },
});

// The same fields as Mercurius's own loaders, without their cache.
function mercuriusLoaders(read) {
  const { Query, ...types } = resolvers(read);
  const batch = (type, field) => {
    const name = field === 'tasks' ? `tasksBy${type}` : field;
    return {
      loader: async (asked) => read[name](asked.map((one) => one.obj), asked[0].params.first),
      opts: { cache: false },
    };
  };
  return Object.fromEntries(
    Object.entries(types).map(([type, fields]) => [
      type,
      Object.fromEntries(Object.keys(fields).map((field) => [field, batch(type, field)])),
    ]),
  );
}

module.exports = { loaders, mercuriusLoaders, resolvers };
