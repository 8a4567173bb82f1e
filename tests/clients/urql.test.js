import test from 'node:test';
import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { authExchange } from '@urql/exchange-auth';
import { cacheExchange } from '@urql/exchange-graphcache';
import { buildSchema, introspectionFromSchema } from 'graphql';
import { createClient } from 'graphql-ws';
import { readFileSync } from 'node:fs';
import { pipe, subscribe } from 'wonka';
import WebSocket from 'ws';
import { FOLLOW, PROJECT, RENAME, exercise, resuming, socketOptions, staleSession, tunnel } from './service.js';

const schema = introspectionFromSchema(buildSchema(readFileSync(new URL('../schema.graphql', import.meta.url), 'utf8')));

function urql(session, way, ...last) {
  return new Client({
    url: way.http,
    // `false`: urql would send queries by GET while they are short.
    preferGetMethod: false,
    exchanges: [
      // With the schema graphcache checks every document, and matches fragments on interfaces.
      cacheExchange({ schema, keys: { Position: () => null, EventFrame: () => null, VersionConflict: () => null, FieldClash: () => null } }),
      authExchange(async ({ appendHeaders }) => ({
        addAuthToOperation: (operation) => appendHeaders(operation, { Authorization: `Bearer ${session.token}` }),
        didAuthError: (error) => error.graphQLErrors.some((each) => each.extensions.code === 'UNAUTHENTICATED'),
        refreshAuth: () => session.refresh(),
      })),
      ...last,
    ],
    fetchSubscriptions: last.length === 1,
  });
}

const data = (result) => {
  if (result.error) throw result.error;
  return result.data;
};

const actions = (client) => ({
  query: async (variables) => data(await client.query(PROJECT, variables, { requestPolicy: 'network-only' }).toPromise()),
  mutate: async (variables) => data(await client.mutation(RENAME, variables).toPromise()),
  follow(variables, next, error, ended = () => {}) {
    const { unsubscribe } = pipe(
      client.subscription(FOLLOW, variables),
      subscribe((result) => {
        if (result.error) error(result.error);
        else if (result.data) next(result.data.events);
        if (!result.hasNext && !result.error) ended();
      }),
    );
    return unsubscribe;
  },
});

test('urql with graphcache over HTTP and a socket', async () => {
  const [way, session] = [await tunnel(), await staleSession()];
  const socket = createClient({ ...socketOptions(session, way.socket), webSocketImpl: WebSocket });
  const client = urql(
    session,
    way,
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: ({ query, variables }) => ({
        subscribe: (sink) => ({ unsubscribe: resuming(socket).subscribe({ query, variables }, sink) }),
      }),
    }),
  );
  await exercise(actions(client), way, session);
  await socket.dispose();
  way.close();
});

test('urql with graphcache over server-sent events', async () => {
  const [way, session] = [await tunnel(), await staleSession()];
  const { query, mutate, follow } = actions(urql(session, way, fetchExchange));
  const again = (variables, next) => {
    let stop = () => {};
    let stopped = false;
    let after = variables.after;
    const start = () => {
      if (stopped) return;
      let restarted = false;
      const restart = () => { if (!restarted) { restarted = true; setTimeout(start, 20); } };
      const onFrame = (frame) => { after = frame.position?.cursor ?? after; next(frame); };
      stop = follow({ ...variables, after }, onFrame, restart);
    };
    start();
    return () => { stopped = true; stop(); };
  };
  await exercise({ query, mutate, follow: again }, way, session);
  way.close();
});
