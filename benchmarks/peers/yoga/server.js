// GraphQL Yoga with DataLoader; its caches of parsed and validated documents are on by default.
'use strict';

const { readFileSync } = require('node:fs');
const { createServer } = require('node:http');
const { join } = require('node:path');
const { createSchema, createYoga } = require('graphql-yoga');
const pg = require('pg');
const { batches, tune } = require('../common/batches.js');
const { loaders, resolvers } = require('../common/loaders.js');

tune(pg.types);
const read = batches(new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10, idleTimeoutMillis: 0 }));
const typeDefs = readFileSync(join(__dirname, '../common/schema.graphql'), 'utf8');
const yoga = createYoga({
  schema: createSchema({ typeDefs, resolvers: resolvers(read) }),
  context: () => ({ loaders: loaders(read) }),
  graphiql: false,
  logging: 'error',
});
createServer(yoga).listen(Number(process.env.PORT), '127.0.0.1');
