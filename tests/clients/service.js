// The running service, as the clients under test meet it, and a plain client beside them who is somebody else.
import assert from 'node:assert/strict';
import net from 'node:net';

const address = process.env.SERVICE_ADDRESS;
const email = process.env.SERVICE_EMAIL;
const password = process.env.SERVICE_PASSWORD;
assert(address && email && password, 'set SERVICE_ADDRESS, SERVICE_EMAIL and SERVICE_PASSWORD');

export const PROJECT = `query Project($key: String!) {
  project(key: $key) { id scope position { seq cursor } }
}`;
export const RENAME = `mutation Rename($input: TaskUpdateInput!) {
  taskUpdate(input: $input) {
    task { id title version }
    errors {
      __typename
      message
      ... on VersionConflict { currentVersion clashes { field base theirs yours } }
    }
  }
}`;
export const FOLLOW = `subscription Follow($scope: ID!, $after: String) {
  events(scope: $scope, after: $after) {
    kind
    reason
    position { seq cursor }
    events { id seq kind objectId }
  }
}`;
const REFRESH = 'mutation ($input: TokenRefreshInput!) { tokenRefresh(input: $input) { accessToken refreshToken } }';
const SIGN_IN = 'mutation ($input: SignInInput!) { signIn(input: $input) { accessToken refreshToken } }';
const CREATE = 'mutation ($input: TaskCreateInput!) { taskCreate(input: $input) { task { id title version } errors { message } } }';

/** The data of one operation, by nothing but fetch. */
async function post(query, variables, token) {
  const headers = { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) };
  const response = await fetch(`${address}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
  const answer = await response.json();
  assert.equal(answer.errors, undefined, JSON.stringify(answer.errors));
  return answer.data;
}

/** A signed-in session whose access token has expired, as it does after an hour: it must be refreshed once. */
export async function staleSession() {
  const { refreshToken } = (await post(SIGN_IN, { input: { email, password } })).signIn;
  return {
    token: process.env.SERVICE_EXPIRED_TOKEN,
    refreshes: 0,
    async refresh() {
      this.refreshes += 1;
      const { tokenRefresh } = await post(REFRESH, { input: { refreshToken } });
      this.token = tokenRefresh.accessToken;
    },
  };
}

/** A way to the service that can be cut, like a train's in a tunnel. */
export async function tunnel() {
  const { hostname, port } = new URL(address);
  const open = new Set();
  const server = net.createServer((near) => {
    const far = net.connect(Number(port), hostname);
    for (const [one, other] of [[near, far], [far, near]]) {
      open.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => { open.delete(one); other.destroy(); });
      one.pipe(other);
    }
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const place = `127.0.0.1:${server.address().port}`;
  return {
    http: `http://${place}/graphql`,
    socket: `ws://${place}/graphql`,
    cut() { for (const socket of open) socket.destroy(); },
    close() { server.close(); this.cut(); },
  };
}

/** Somebody else at the same board. */
export async function somebodyElse() {
  const token = (await post(SIGN_IN, { input: { email, password } })).signIn.accessToken;
  const { project } = await post(PROJECT, { key: 'DEMO' }, token);
  return {
    async create(title) {
      return (await post(CREATE, { input: { projectId: project.id, title } }, token)).taskCreate.task;
    },
    async rename(task, title) {
      const input = { id: task.id, expectedVersion: task.version, patch: { title } };
      const { taskUpdate } = await post(RENAME, { input }, token);
      assert.deepEqual(taskUpdate.errors, []);
      return taskUpdate.task;
    },
  };
}

/** Lets a client of graphql-ws or graphql-sse go on after the last frame it saw when it connects again. */
export function resuming(client) {
  return {
    ...client,
    subscribe(payload, sink) {
      const request = { ...payload, variables: { ...payload.variables } };
      return client.subscribe(request, {
        ...sink,
        next(result) {
          const cursor = result.data?.events?.position?.cursor;
          if (cursor) request.variables.after = cursor;
          sink.next(result);
        },
      });
    },
  };
}

/** Options for `graphql-ws`: its recipe for access tokens, and short waits between attempts. */
export function socketOptions(session, url) {
  let stale = false;
  return {
    url,
    retryAttempts: 20,
    retryWait: () => new Promise((go) => setTimeout(go, 20)),
    shouldRetry: () => true,
    connectionParams: async () => {
      if (stale) await session.refresh();
      stale = false;
      return { Authorization: `Bearer ${session.token}` };
    },
    on: { closed: (event) => { stale = event.code === 4403; } },
  };
}

/**
 * What every client must manage. `client` has `query`, `mutate` (both: variables to data) and
 * `follow(variables, onFrame, onError)`, which returns a function that stops it.
 */
export async function exercise(client, way, session, { refreshes = 1 } = {}) {
  const other = await somebodyElse();
  const { project } = await client.query({ key: 'DEMO' });
  assert.ok(project.position.cursor);

  const task = await other.create('A task to rename');
  const input = { id: task.id, expectedVersion: task.version, patch: { title: 'Renamed' } };
  const done = (await client.mutate({ input })).taskUpdate;
  assert.equal(done.errors.length, 0);
  assert.equal(done.task.title, 'Renamed');

  const late = { ...input, patch: { title: 'Renamed too late' } };
  const [conflict] = (await client.mutate({ input: late })).taskUpdate.errors;
  assert.equal(conflict.__typename, 'VersionConflict');
  assert.equal(conflict.currentVersion, done.task.version);
  const [clash] = conflict.clashes;
  assert.deepEqual([clash.field, clash.base, clash.theirs, clash.yours], [
    'title', 'A task to rename', 'Renamed', 'Renamed too late',
  ]);

  const frames = await follow(client, { scope: project.scope, after: project.position.cursor });
  await frames.until((events) => events.some((event) => event.objectId === task.id && event.kind === 'TaskUpdated'));
  way.cut();
  const while_away = await other.rename(await other.rename({ id: task.id, version: done.task.version }, 'While away'), 'Still away');
  await frames.until((events) => events.filter((event) => event.objectId === task.id).length === 4);
  way.cut();
  await other.rename(while_away, 'Away again');
  await frames.until((events) => events.filter((event) => event.objectId === task.id).length === 5);
  frames.stop();
  const seqs = frames.events.map((event) => event.seq);
  const expected = seqs.map((_, index) => project.position.seq + 1 + index);
  assert.deepEqual(seqs, expected, 'every event once, in order');
  assert.equal(session.refreshes, refreshes, 'the stale token was refreshed');
}

async function follow(client, variables) {
  const events = [];
  let check = () => {};
  let fail = () => {};
  const stop = await client.follow(
    variables,
    (frame) => { events.push(...frame.events); check(); },
    (error) => fail(error),
  );
  const until = (enough) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`only came: ${JSON.stringify(events)}`)), 15_000);
      fail = (error) => { clearTimeout(timer); reject(error); };
      check = () => { if (enough(events)) { clearTimeout(timer); resolve(); } };
      check();
    });
  return { events, until, stop };
}
