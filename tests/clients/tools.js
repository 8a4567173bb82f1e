// Turns the example operations into what the tools take: Relay wants a JavaScript module per operation, named alike.
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { parse } from 'graphql';

const examples = new URL('../../web/examples/', import.meta.url);
const folder = new URL(`build/relay/${process.argv[2]}/`, import.meta.url);
const extension = process.argv[2] === 'typescript' ? 'ts' : 'js';
rmSync(folder, { recursive: true, force: true });
mkdirSync(new URL('__generated__/', folder), { recursive: true });

const own = process.argv[2] === 'javascript';
const texts = own
  ? Object.values(await import('./service.js')).filter((value) => typeof value === 'string')
  : readdirSync(examples).filter((name) => name.endsWith('.graphql')).map((name) => readFileSync(new URL(name, examples), 'utf8'));

for (const text of texts) {
  const [{ name, operation }] = parse(text).definitions;
  const suffix = operation[0].toUpperCase() + operation.slice(1);
  const renamed = text.replace(new RegExp(`(${operation}\\s+)${name.value}\\b`), `$1${name.value}${suffix}`);
  writeFileSync(
    new URL(`${name.value}.${extension}`, folder),
    `import { graphql } from 'relay-runtime';\n\nexport default graphql\`\n${renamed.replaceAll('`', "'")}\n\`;\n`,
  );
}
