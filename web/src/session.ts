/**
 * Who is signed in on this browser tab, and how one signs in.
 *
 * Everything that depends on the shape of the sign-in mutation stands here. The access token is kept in
 * `sessionStorage`: it survives a reload, is not shared with other tabs and is gone when the tab closes.
 */
import { useSyncExternalStore } from 'react';

export const ENDPOINT = '/graphql';

const SIGN_IN = /* GraphQL */ `
  mutation SignIn($input: SignInInput!) {
    signIn(input: $input) {
      accessToken
      errors {
        message
        code
      }
    }
  }
`;

interface SignInAnswer {
  data?: { signIn: { accessToken: string | null; errors: { message: string }[] } | null } | null;
  errors?: { message: string }[];
}

export interface Session {
  /** The access token, or null when signed out. */
  token: string | null;
  email: string | null;
  /** What the sign-in bar should say, for example that the session has ended. */
  notice: string | null;
}

const KEY = 'lockstep.session';
const SIGNED_OUT: Session = { token: null, email: null, notice: null };
const listeners = new Set<() => void>();
let current = read();

function read(): Session {
  try {
    return { ...SIGNED_OUT, ...(JSON.parse(sessionStorage.getItem(KEY) ?? '{}') as Partial<Session>) };
  } catch {
    return SIGNED_OUT;
  }
}

function set(session: Session): void {
  current = session;
  if (session.token) sessionStorage.setItem(KEY, JSON.stringify(session));
  else sessionStorage.removeItem(KEY);
  for (const listener of listeners) listener();
}

export function session(): Session {
  return current;
}

/** Calls `listener` after every sign-in and sign-out; returns the function that stops it. */
export function onSessionChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useSession(): Session {
  return useSyncExternalStore(onSessionChange, session);
}

/** What both doors want to see: the HTTP header, and the same member in the socket's `connection_init`. */
export function authorization(): Record<string, string> {
  return current.token ? { Authorization: `Bearer ${current.token}` } : {};
}

export function signOut(notice: string | null = null): void {
  set({ ...SIGNED_OUT, notice });
}

/** Signs in; on refusal the session's notice says why. */
export async function signIn(email: string, password: string): Promise<void> {
  const response = await fetch(ENDPOINT, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/graphql-response+json' },
    body: JSON.stringify({ query: SIGN_IN, variables: { input: { email, password } } }),
  });
  const answer = (await response.json()) as SignInAnswer;
  const token = answer.data?.signIn?.accessToken ?? null;
  if (token) set({ token, email, notice: null });
  else {
    const refusal = answer.data?.signIn?.errors[0] ?? answer.errors?.[0];
    set({ ...SIGNED_OUT, notice: refusal?.message ?? 'The server did not sign you in.' });
  }
}
