import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/* Keeps the disk of the folder given busy until it is killed; a process of its own. */

const WRITE_BYTES = 1 << 20;
const WRITE_COUNT = 300;
const chunk = Buffer.alloc(WRITE_BYTES, 1);
const path = join(process.argv[2] ?? '.', `writer-${process.pid}`);
for (;;) {
  const file = openSync(path, 'w');
  for (let count = 0; count < WRITE_COUNT; count++) writeSync(file, chunk);
  fsyncSync(file);
  closeSync(file);
}
