import test from 'node:test';
import { createClient } from 'graphql-ws';
import relay from 'relay-runtime';
import WebSocket from 'ws';
import { execFileSync } from 'node:child_process';
import { exercise, resuming, socketOptions, staleSession, tunnel } from './service.js';

const { Environment, Network, Observable, RecordSource, Store, commitMutation, fetchQuery, requestSubscription } = relay;

// Relay runs what its compiler made of the operations.
execFileSync(process.execPath, ['tools.js', 'javascript']);
execFileSync(process.execPath, ['node_modules/relay-compiler/cli.js', 'relay.javascript.json']);
const compiled = async (name) => (await import(`./build/relay/javascript/__generated__/${name}.graphql.js`)).default;

test('relay-runtime', async () => {
  const [way, session] = [await tunnel(), await staleSession()];
  const socket = resuming(createClient({ ...socketOptions(session, way.socket), webSocketImpl: WebSocket }));

  async function post({ text }, variables, again = false) {
    const headers = {
      Accept: 'application/graphql-response+json',
      Authorization: `Bearer ${session.token}`,
      'Content-Type': 'application/json',
    };
    const response = await fetch(way.http, { method: 'POST', headers, body: JSON.stringify({ query: text, variables }) });
    if (response.status !== 401 || again) return response.json();
    await session.refresh();
    return post({ text }, variables, true);
  }

  const environment = new Environment({
    network: Network.create(
      (request, variables) => post(request, variables),
      ({ text, name }, variables) =>
        Observable.create((sink) => socket.subscribe({ query: text, operationName: name, variables }, sink)),
    ),
    store: new Store(new RecordSource()),
  });
  const [query, mutation, subscription] = await Promise.all(['ProjectQuery', 'RenameMutation', 'FollowSubscription'].map(compiled));

  await exercise(
    {
      query: (variables) => fetchQuery(environment, query, variables, { fetchPolicy: 'network-only' }).toPromise(),
      mutate: (variables) =>
        new Promise((onCompleted, onError) => commitMutation(environment, { mutation, variables, onCompleted, onError })),
      follow: (variables, next, onError) =>
        requestSubscription(environment, { subscription, variables, onNext: (data) => next(data.events), onError }).dispose,
    },
    way,
    session,
  );
  await socket.dispose();
  way.close();
});
