/**
 * The example operations: `web/examples/*.graphql`, in the order of their names, each with its variables in a
 * `.json` file of the same name. A pane lists them all; those of FIRST_VISIT are the tabs of a first visit.
 */
const FIRST_VISIT = ['10-viewer', '20-board', '30-task-create', '40-task-update', '50-events'];

export interface Example {
  /** Whether it is a tab of a first visit. */
  first: boolean;
  /** The first line of the file, which is a comment that says what the operation does. */
  title: string;
  query: string;
  /** JSON text, or the empty string when the operation takes no variables. */
  variables: string;
}

// Vite replaces these calls while it builds, so their arguments must stand here as they are.
const documents = import.meta.glob<string>('../examples/*.graphql', {
  query: '?raw',
  import: 'default',
  eager: true,
});
const variables = import.meta.glob<string>('../examples/*.json', {
  query: '?raw',
  import: 'default',
  eager: true,
});

export const EXAMPLES: Example[] = Object.keys(documents)
  .sort()
  .map((path) => {
    const query = (documents[path] ?? '').trimEnd();
    return {
      first: FIRST_VISIT.some((name) => path.endsWith(`/${name}.graphql`)),
      title: /^#\s*(.+)/.exec(query)?.[1] ?? path.replace(/^.*\//, ''),
      query,
      variables: (variables[path.replace(/graphql$/, 'json')] ?? '').trimEnd(),
    };
  });
