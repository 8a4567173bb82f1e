/**
 * The example operations: `web/examples/*.graphql`, in the order of their names, each with its variables in a
 * `.json` file of the same name. They are the tabs of a first visit, and a pane lists them for ever after.
 */
export interface Example {
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
      title: /^#\s*(.+)/.exec(query)?.[1] ?? path.replace(/^.*\//, ''),
      query,
      variables: (variables[path.replace(/graphql$/, 'json')] ?? '').trimEnd(),
    };
  });
