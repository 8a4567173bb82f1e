/** How GraphiQL talks to the server: queries and mutations by HTTP POST, subscriptions over one socket. */
import type { Fetcher, FetcherParams, FetcherReturnType } from '@graphiql/toolkit';
import {
  type FormattedExecutionResult,
  getOperationAST,
  type OperationDefinitionNode,
  OperationTypeNode,
  parse,
} from 'graphql';
import { type Client, createClient } from 'graphql-ws';

import { authorization, ENDPOINT, onSessionChange, session, signOut } from './session';

const ENDED = 'Your session has ended. Sign in again.';

let socket: Client | null = null;
onSessionChange(() => {
  // A socket belongs to the token it was opened with.
  void socket?.dispose();
  socket = null;
});

function openSocket(): Client {
  const url = new URL(ENDPOINT, location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  // Not retried here: a resubscription must ask for what comes after the last frame, which only its reader knows.
  socket ??= createClient({ url: url.href, connectionParams: authorization, keepAlive: 10_000, retryAttempts: 0 });
  return socket;
}

/**
 * The operation that a request means, or null when the document cannot be read (the server says why) or has
 * several and none is chosen. GraphiQL notices a tab's operations only a moment after one has switched to it, and
 * until then sends the name of the last tab's: a document with one operation needs no name.
 */
function operation(query: string, name?: string | null): OperationDefinitionNode | null {
  try {
    const document = parse(query);
    return getOperationAST(document, name) ?? getOperationAST(document) ?? null;
  } catch {
    return null;
  }
}

export function isSubscription(query: string, name?: string | null): boolean {
  return operation(query, name)?.operation === OperationTypeNode.SUBSCRIPTION;
}

function named({ query, variables, operationName }: FetcherParams): FetcherParams {
  const name = operation(query, operationName)?.name?.value ?? operationName;
  return { query, variables, operationName: name };
}

/** The socket ended under a subscription. */
export class SocketClosed extends Error {
  readonly code: number;

  constructor(event: Event) {
    // A browser tells of a failed connection by an event that says nothing.
    const { code, reason } = event instanceof CloseEvent ? event : { code: 1006, reason: '' };
    super(`The socket was closed: ${code} ${reason}`.trim());
    this.code = code;
  }

  /** True for a network failure or a restarting server; false when the server refuses us (4400 and above). */
  get temporary(): boolean {
    return this.code < 4400;
  }
}

/** One subscription's results; ends when the server completes it or the caller returns from the loop. */
export async function* subscribe(parameters: FetcherParams): AsyncGenerator<FormattedExecutionResult> {
  try {
    yield* openSocket().iterate(named(parameters));
  } catch (error) {
    if (!(error instanceof Event)) throw error;
    const closed = new SocketClosed(error);
    if (closed.code === 4401 || closed.code === 4403) signOut(ENDED);
    throw closed;
  }
}

async function post(parameters: FetcherParams, headers: HeadersInit | undefined): Promise<FormattedExecutionResult> {
  const response = await fetch(ENDPOINT, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/graphql-response+json, application/json;q=0.9',
      ...authorization(),
      ...(headers as Record<string, string> | undefined),
    },
    body: JSON.stringify(named(parameters)),
  });
  const text = await response.text();
  if (!response.headers.get('Content-Type')?.includes('json')) {
    throw new Error(`${response.status} ${response.statusText} ${text}`.trim());
  }
  const answer = JSON.parse(text) as FormattedExecutionResult;
  const refused = answer.errors?.some((error) => error.extensions?.['code'] === 'UNAUTHENTICATED');
  if (refused && session().token) signOut(ENDED);
  return answer;
}

export const fetcher: Fetcher = (parameters, options) => {
  const answer = isSubscription(parameters.query, parameters.operationName)
    ? subscribe(parameters)
    : post(parameters, options?.headers);
  return answer as FetcherReturnType; // its errors are typed as objects of the server's side
};
