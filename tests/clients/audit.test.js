// The server audit of graphql-http: every rule of GraphQL over HTTP, the optional ones too.
import assert from 'node:assert/strict';
import test from 'node:test';
import { serverAudits } from 'graphql-http';

test('the audit of graphql-http', async () => {
  const results = await Promise.all(
    serverAudits({ url: `${process.env.SERVICE_ADDRESS}/graphql`, fetchFn: fetch }).map((audit) => audit.fn()),
  );
  const failed = results.filter((result) => result.status !== 'ok').map(({ name, status, reason }) => ({ name, status, reason }));
  assert.deepEqual(failed, []);
  assert.equal(results.length, 61);
});
