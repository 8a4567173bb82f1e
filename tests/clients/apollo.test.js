import assert from 'node:assert/strict';
import test from 'node:test';
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { CombinedGraphQLErrors, ServerError } from '@apollo/client/errors';
import { SetContextLink } from '@apollo/client/link/context';
import { ErrorLink } from '@apollo/client/link/error';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { OperationTypeNode } from 'graphql';
import { createClient } from 'graphql-ws';
import { createHash } from 'node:crypto';
import { from, switchMap } from 'rxjs';
import WebSocket from 'ws';
import { FOLLOW, PROJECT, RENAME, exercise, resuming, socketOptions, staleSession, tunnel } from './service.js';

const sha256 = (text) => createHash('sha256').update(text).digest('hex');

/** Refreshes a token that the service refuses, and tries again: the recipe of Apollo's documentation. */
function refreshing(session) {
  return new ErrorLink(({ error, operation, forward }) => {
    const refused = CombinedGraphQLErrors.is(error)
      ? error.errors.some((each) => each.extensions.code === 'UNAUTHENTICATED')
      : ServerError.is(error) && error.statusCode === 401;
    if (refused) return from(session.refresh()).pipe(switchMap(() => forward(operation)));
  });
}

function apollo(session, way, socket, ...links) {
  const authorized = new SetContextLink((context) => ({
    headers: { ...context.headers, Authorization: `Bearer ${session.token}` },
  }));
  const http = ApolloLink.from([...links, refreshing(session), authorized, new HttpLink({ uri: way.http })]);
  const link = socket
    ? ApolloLink.split(
        ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
        new GraphQLWsLink(resuming(socket)),
        http,
      )
    : http;
  return new ApolloClient({ link, cache: new InMemoryCache() });
}

const actions = (client) => ({
  query: async (variables) => (await client.query({ query: gql(PROJECT), variables, fetchPolicy: 'network-only' })).data,
  mutate: async (variables) => (await client.mutate({ mutation: gql(RENAME), variables })).data,
  follow(variables, next, error) {
    const subscription = client
      .subscribe({ query: gql(FOLLOW), variables, fetchPolicy: 'no-cache' })
      .subscribe({ next: (result) => (result.error ? error(result.error) : next(result.data.events)), error });
    return () => subscription.unsubscribe();
  },
});

test('Apollo Client over HTTP and a socket', async () => {
  const [way, session] = [await tunnel(), await staleSession()];
  const socket = createClient({ ...socketOptions(session, way.socket), webSocketImpl: WebSocket });
  const client = apollo(session, way, socket);
  await exercise(actions(client), way, session);
  client.stop();
  await socket.dispose();
  way.close();
});

test('Apollo Client over multipart subscriptions', async () => {
  const [way, session] = [await tunnel(), await staleSession()];
  const { query, mutate, follow } = actions(apollo(session, way));
  // Apollo leaves it to us to subscribe again: after the last cursor.
  const again = (variables, next, error) => {
    let stop = () => {};
    let stopped = false;
    let after = variables.after;
    const start = () => {
      if (stopped) return;
      const onFrame = (frame) => { after = frame.position?.cursor ?? after; next(frame); };
      stop = follow({ ...variables, after }, onFrame, () => setTimeout(start, 20));
    };
    start();
    return () => { stopped = true; stop(); };
  };
  await exercise({ query, mutate, follow: again }, way, session);
  way.close();
});

test('Apollo Client with automatic persisted queries', async () => {
  const [way, session] = [await tunnel(), await staleSession()];
  await session.refresh();
  const requests = [];
  const watched = globalThis.fetch;
  globalThis.fetch = (url, init) => { requests.push(init); return watched(url, init); };
  const persisted = new PersistedQueryLink({ sha256, useGETForHashedQueries: true });
  const query = `query Unique${Date.now()} { viewer { user { name } } }`;
  try {
    for (const methods of [['GET', 'POST'], ['GET']]) {
      requests.length = 0;
      const client = apollo(session, way, null, persisted);
      const { data } = await client.query({ query: gql(query), fetchPolicy: 'no-cache' });
      assert.equal(data.viewer.user.name, 'Demo Owner');
      assert.deepEqual(requests.map((init) => init.method), methods, 'the document is sent once');
    }
  } finally {
    globalThis.fetch = watched;
    way.close();
  }
});
