import test from 'node:test';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { FOLLOW, PROJECT, RENAME, exercise, resuming, socketOptions, staleSession, tunnel } from './service.js';

test('graphql-ws', async () => {
  const [way, session] = [await tunnel(), await staleSession()];
  const client = createClient({ ...socketOptions(session, way.socket), webSocketImpl: WebSocket, lazy: false });
  const run = (query) => (variables) =>
    new Promise((resolve, reject) => {
      let data;
      client.subscribe({ query, variables }, { next: (result) => { data = result.data; }, error: reject, complete: () => resolve(data) });
    });
  await exercise(
    {
      query: run(PROJECT),
      mutate: run(RENAME),
      follow: (variables, next, error) =>
        resuming(client).subscribe({ query: FOLLOW, variables }, { next: ({ data }) => next(data.events), error, complete() {} }),
    },
    way,
    session,
  );
  await client.dispose();
  way.close();
});
