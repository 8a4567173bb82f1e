// PostGraphile with its Amber preset and nothing else: the mutation is the SQL function `peers.task_update`.
'use strict';

const { createServer } = require('node:http');
const { postgraphile } = require('postgraphile');
const { makePgService } = require('postgraphile/adaptors/pg');
const { grafserv } = require('postgraphile/grafserv/node');
const { PostGraphileAmberPreset } = require('postgraphile/presets/amber');

const served = postgraphile({
  extends: [PostGraphileAmberPreset],
  pgServices: [
    makePgService({
      connectionString: process.env.DATABASE_URL,
      schemas: ['peers'],
      poolConfig: { max: 32, idleTimeoutMillis: 0 },
    }),
  ],
  grafserv: { graphiql: false, websockets: false, watch: false },
  grafast: { explain: false },
});

const server = createServer();
served
  .createServ(grafserv)
  .addTo(server)
  .then(() => server.listen(Number(process.env.PORT), '127.0.0.1'));
