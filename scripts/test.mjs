#!/usr/bin/env node
// Sets up, provides sipp, baresip and curl, runs the suites and ends with one plain line made from the
// runner's own counts.
//   node scripts/test.mjs [--project NAME]... [more vitest arguments]        none named: all of them
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { provideDebianTool } from './debian-tool.mjs';
import { ROOT } from './debian.mjs';
import { orExplain, setUp } from './setup.mjs';

const args = process.argv.slice(2);

/** Projects whose tests need SIP clients of another make, and curl. */
const NEEDS_TOOLS = ['e2e'];

function projects() {
  const named = args.flatMap((argument, at) => (argument === '--project' ? [args[at + 1]] : []));
  return named.length > 0 ? named : NEEDS_TOOLS;
}

/** Counts of a vitest JSON report. A file that could not even be loaded counts as one failure. */
function countsOf(report) {
  const unloaded = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + unloaded.length,
    skipped: report.numPendingTests + (report.numTodoTests ?? 0),
  };
}

function runSuites() {
  const folder = mkdtempSync(join(tmpdir(), 'turnkeeper-test-'));
  const reportPath = join(folder, 'report.json');
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportPath}`];
  const run = spawnSync(process.execPath, [vitest, 'run', ...reporters, ...args], {
    cwd: ROOT,
    stdio: ['ignore', 1, 2],
  });
  let counts = { passed: 0, failed: 0, skipped: 0 };
  if (existsSync(reportPath)) counts = countsOf(JSON.parse(readFileSync(reportPath, 'utf8')));
  rmSync(folder, { recursive: true, force: true });

  const ranNone = counts.passed + counts.failed === 0;
  if (ranNone) console.log('no test ran: that is a failure');
  else if (run.status !== 0 && counts.failed === 0) {
    console.log(
      'every test passed, but the runner failed (an error outside the tests, or it was ended): see above',
    );
  }
  process.exitCode = run.status === 0 && counts.failed === 0 && !ranNone ? 0 : 1;
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
  console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`);
}

const ready = orExplain(() => {
  setUp();
  if (projects().some((name) => NEEDS_TOOLS.includes(name))) {
    for (const tool of ['sipp', 'baresip', 'curl']) provideDebianTool(tool);
  }
});
if (ready) runSuites();
else console.log('0 passed, 1 failed');
