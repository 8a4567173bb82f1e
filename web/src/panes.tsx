/** Two panes that GraphiQL shows at its left, beside its own documentation and history. */
import { type GraphiQLPlugin, useGraphiQL, useGraphiQLActions } from '@graphiql/react';

import { type Example, EXAMPLES } from './examples';
import { isSubscription } from './fetcher';
import { clear, follow, stop, useLive } from './live';

function ExamplesPane() {
  const { addTab } = useGraphiQLActions();
  const queryEditor = useGraphiQL((state) => state.queryEditor);
  const variableEditor = useGraphiQL((state) => state.variableEditor);
  const open = (example: Example) => {
    addTab();
    queryEditor?.setValue(example.query);
    variableEditor?.setValue(example.variables);
  };
  return (
    <section className="pane" aria-label="Examples">
      <h2>Examples</h2>
      <p>Each opens in a new tab.</p>
      <ul className="examples">
        {EXAMPLES.map((example) => (
          <li key={example.title}>
            <button type="button" onClick={() => open(example)}>
              {example.title}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function LivePane() {
  const live = useLive();
  const queryEditor = useGraphiQL((state) => state.queryEditor);
  const variableEditor = useGraphiQL((state) => state.variableEditor);
  const operationName = useGraphiQL((state) => state.operationName);
  const followTab = () => {
    const query = queryEditor?.getValue() ?? '';
    const example = EXAMPLES.find((candidate) => isSubscription(candidate.query));
    if (isSubscription(query, operationName)) void follow(query, variableEditor?.getValue() ?? '', operationName);
    else if (example) void follow(example.query, example.variables);
  };
  return (
    <section className="pane" aria-label="Live">
      <h2>Live</h2>
      <p>
        Follows this tab’s subscription, or the example one, and goes on while you work in other tabs.
      </p>
      <div className="actions">
        {live.running ? (
          <button type="button" onClick={stop}>Stop</button>
        ) : (
          <button type="button" className="primary" onClick={followTab}>Follow</button>
        )}
        <button type="button" onClick={clear}>Clear</button>
        <output>{`${live.running ? 'following' : 'stopped'} · heartbeats: ${live.beats}`}</output>
      </div>
      {live.failure && <p role="alert">{live.failure}</p>}
      <ol className="frames" reversed>
        {live.frames.map((frame) => (
          <li key={frame.number}>
            <time>{frame.at}</time>
            <pre>{frame.text}</pre>
          </li>
        ))}
      </ol>
    </section>
  );
}

function icon(path: string) {
  return () => (
    <svg viewBox="0 0 20 20" fill="none" stroke="currentColor" strokeWidth="1.6" strokeLinecap="round">
      <path d={path} />
    </svg>
  );
}

export const EXAMPLES_PANE: GraphiQLPlugin = {
  title: 'Examples',
  icon: icon('M4 5h12M4 10h12M4 15h7'),
  content: ExamplesPane,
};

export const LIVE_PANE: GraphiQLPlugin = {
  title: 'Live',
  icon: icon('M2 10h4l2.5-6 3.5 12 2.5-6H18'),
  content: LivePane,
};
