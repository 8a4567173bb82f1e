// Keeps addresses out of the lock file: npm leaves out where a package came from when told to (.npmrc), but
// still notes whom to pay. Every package is held by its integrity hash alone; the registry is the machine's own.
import { readFileSync, writeFileSync } from 'node:fs';

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
for (const entry of Object.values(lock.packages)) {
  delete entry.funding;
  delete entry.resolved;
}
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`);
