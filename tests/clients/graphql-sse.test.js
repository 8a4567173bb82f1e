import test from 'node:test';
import { createClient } from 'graphql-sse';
import { FOLLOW, PROJECT, RENAME, exercise, resuming, staleSession, tunnel } from './service.js';

test('graphql-sse, distinct connections', async () => {
  const [way, session] = [await tunnel(), await staleSession()];
  const client = createClient({
    url: way.http,
    retryAttempts: 20,
    retry: () => new Promise((go) => setTimeout(go, 20)),
    headers: () => ({ Authorization: `Bearer ${session.token}` }),
    // A 401 is told by its status, so that a client can refresh and try again.
    async fetchFn(url, init) {
      const response = await fetch(url, init);
      if (response.status !== 401) return response;
      await session.refresh();
      return fetch(url, { ...init, headers: { ...init.headers, Authorization: `Bearer ${session.token}` } });
    },
  });
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
  client.dispose();
  way.close();
});
