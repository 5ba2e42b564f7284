#!/usr/bin/env node
// The operator's command. Runs the compiled program; `npm start` and `npm run build` make it.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const program = new URL('../dist/cli.js', import.meta.url);
if (existsSync(fileURLToPath(program))) {
  await import(program.href);
} else {
  process.stderr.write('turnkeeper is not built yet. In its folder, run: npm run setup\n');
  process.exitCode = 1;
}
