// Mercurius with JIT, its batches by its own loaders, or with LOADERS=dataloader by DataLoader: its own write every
// parent out as JSON for a key, even with their cache off.
'use strict';

const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const fastify = require('fastify')();
const mercurius = require('mercurius');
const pg = require('pg');
const { batches, tune } = require('../common/batches.js');
const { loaders, mercuriusLoaders, resolvers } = require('../common/loaders.js');

tune(pg.types);
const read = batches(new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10, idleTimeoutMillis: 0 }));

const batched = process.env.LOADERS === 'dataloader'
  ? { resolvers: resolvers(read), context: () => ({ loaders: loaders(read) }) }
  : { resolvers: { Query: resolvers(read).Query }, loaders: mercuriusLoaders(read) };

fastify.register(mercurius, {
  schema: readFileSync(join(__dirname, '../common/schema.graphql'), 'utf8'),
  ...batched,
  jit: 1,
});
fastify.get('/ready', async () => 'ready');
fastify.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
