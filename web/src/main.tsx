/** The page at /graphql: a bar to sign in, and GraphiQL below it. */
import './workers';
import 'graphiql/style.css';
import './lockstep.css';

import { HISTORY_PLUGIN } from '@graphiql/plugin-history';
import { GraphiQL } from 'graphiql';
import { type FormEvent, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';

import { EXAMPLES } from './examples';
import { fetcher } from './fetcher';
import { stop } from './live';
import { EXAMPLES_PANE, LIVE_PANE } from './panes';
import { onSessionChange, signIn, signOut, useSession } from './session';

const PANES = [EXAMPLES_PANE, LIVE_PANE, HISTORY_PLUGIN];

function SignInForm({ notice }: { notice: string | null }) {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    setBusy(true);
    try {
      await signIn(String(fields.get('email')), String(fields.get('password')));
      setFailure(null);
    } catch (error) {
      setFailure(`The server cannot be reached: ${String(error)}`);
    } finally {
      setBusy(false);
    }
  }
  return (
    <form onSubmit={(event) => void submit(event)} aria-label="Sign in">
      {(failure ?? notice) && <span role="alert">{failure ?? notice}</span>}
      <input name="email" type="email" placeholder="email" aria-label="Email" autoComplete="username" required />
      <input
        name="password" type="password" placeholder="password" aria-label="Password"
        autoComplete="current-password" required
      />
      <button type="submit" className="primary" disabled={busy}>Sign in</button>
    </form>
  );
}

function SessionBar() {
  const { token, email, notice } = useSession();
  return (
    <header className="session">
      <strong>Lockstep</strong>
      {token ? (
        <span className="signed-in">
          {email} <button type="button" onClick={() => signOut()}>Sign out</button>
        </span>
      ) : (
        <SignInForm notice={notice} />
      )}
    </header>
  );
}

function Page() {
  useEffect(() => onSessionChange(stop), []);
  return (
    <>
      <SessionBar />
      <GraphiQL
        fetcher={fetcher}
        defaultTabs={EXAMPLES.filter(({ first }) => first).map(({ query, variables }) => ({ query, variables }))}
        plugins={PANES}
        shouldPersistHeaders={false}
        showPersistHeadersSettings={false}
        defaultEditorToolsVisibility="variables"
      >
        <GraphiQL.Logo>GraphiQL</GraphiQL.Logo>
      </GraphiQL>
    </>
  );
}

const root = document.getElementById('page');
if (root) createRoot(root).render(<Page />);
