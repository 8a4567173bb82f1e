import test from 'node:test';
import { GraphQLClient } from 'graphql-request';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { FOLLOW, PROJECT, RENAME, exercise, resuming, socketOptions, staleSession, tunnel } from './service.js';

// It has no subscriptions of its own: its users take graphql-ws beside it.
test('graphql-request', async () => {
  const [way, session] = [await tunnel(), await staleSession()];
  const http = new GraphQLClient(way.http, { headers: () => ({ Authorization: `Bearer ${session.token}` }) });
  const socket = createClient({ ...socketOptions(session, way.socket), webSocketImpl: WebSocket });
  const run = (document) => async (variables) => {
    try {
      return await http.request(document, variables);
    } catch (error) {
      if (error.response?.errors?.[0].extensions.code !== 'UNAUTHENTICATED') throw error;
      await session.refresh();
      return http.request(document, variables);
    }
  };
  await exercise(
    {
      query: run(PROJECT),
      mutate: run(RENAME),
      follow: (variables, next, error) =>
        resuming(socket).subscribe({ query: FOLLOW, variables }, { next: ({ data }) => next(data.events), error, complete() {} }),
    },
    way,
    session,
  );
  await socket.dispose();
  way.close();
});
