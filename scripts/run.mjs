#!/usr/bin/env node
// Sets up when needed and runs one compiled program with the remaining arguments; signals and its exit status
// pass through.
//   node scripts/run.mjs main.js        node scripts/run.mjs cli.js demo
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './debian.mjs';
import { orExplain, setUp } from './setup.mjs';

/** How often it is looked whether npm is still there. */
const ANCESTRY_POLL_MS = 1000;

const [program = 'main.js', ...args] = process.argv.slice(2);
const path = join(ROOT, 'dist', program);

if (orExplain(() => setUp())) {
  if (existsSync(path)) run();
  else {
    console.error(
      `dist/${program} does not exist after the build: src/${program.replace(/\.js$/u, '.ts')} is missing`,
    );
    process.exitCode = 1;
  }
}

function run() {
  const child = spawn(process.execPath, ['--enable-source-maps', path, ...args], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  // npm runs this in a shell, which does not pass on a signal that ends npm: the program would go on alone.
  if (process.env.npm_lifecycle_event !== undefined) {
    const ancestry = ancestors();
    const watch = setInterval(() => {
      if (ancestors() === ancestry) return;
      clearInterval(watch);
      child.kill('SIGTERM');
    }, ANCESTRY_POLL_MS);
    watch.unref();
  }
  // A terminal's Ctrl-C reaches the child by itself; this process only has to outlive it.
  process.on('SIGINT', () => undefined);
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
  });
}

/** The shell that npm made and, where the system tells it, npm: other ids mean that one of them has ended. */
function ancestors() {
  const shell = process.ppid;
  try {
    const status = readFileSync(`/proc/${shell}/status`, 'utf8');
    return `${shell} ${/^PPid:\s*(\d+)$/mu.exec(status)?.[1]}`;
  } catch {
    return `${shell}`;
  }
}
