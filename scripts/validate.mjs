#!/usr/bin/env node
// What must hold before a change is handed over, quickest first; every step runs, so that one run tells all.
import { spawnSync } from 'node:child_process';
import { ROOT } from './debian.mjs';
import { orExplain, setUp } from './setup.mjs';

/** @type {[string, string, string[]][]} */
const STEPS = [
  ['format', 'npx', ['--no-install', 'oxfmt', '--check', '.']],
  ['lint', 'npx', ['--no-install', 'oxlint', '--type-aware']],
  ['typecheck', 'npx', ['--no-install', 'tsc', '--noEmit']],
  ['tidy, unit, contract, simulation', 'npm', ['run', '--silent', 'test:quick']],
  ['build', 'npm', ['run', '--silent', 'build']],
  ['dead code', 'npx', ['--no-install', 'knip']],
];

if (orExplain(() => setUp({ build: false }))) {
  const results = STEPS.map(([name, command, args]) => {
    console.log(`\n== ${name}`);
    const startedAt = performance.now();
    const { status } = spawnSync(command, args, { cwd: ROOT, stdio: ['ignore', 1, 2] });
    return { name, ok: status === 0, seconds: ((performance.now() - startedAt) / 1000).toFixed(1) };
  });
  console.log('');
  for (const { name, ok, seconds } of results)
    console.log(`${ok ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
  if (results.some(({ ok }) => !ok)) process.exitCode = 1;
}
