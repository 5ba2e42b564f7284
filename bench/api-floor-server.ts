import BetterSqlite3 from 'better-sqlite3';
import fastify from 'fastify';

/**
 * What the parts cost without the product: fastify and better-sqlite3, one row of JSON a request,
 * `synchronous = full`. argv: database path, then `each` (a commit a request) or `grouped` (one for all
 * requests of a turn of the event loop). Prints its port, serves until it is ended.
 */
const [path = '', commits = 'each'] = process.argv.slice(2);
const database = new BetterSqlite3(path);
database.pragma('journal_mode = wal');
database.pragma('synchronous = full');
database.exec('create table if not exists "made" ("id" text primary key, "body" text not null)');
const insert = database.prepare('insert into "made" values (?, ?)');

interface Made {
  readonly id: string;
  readonly body: string;
  readonly done: () => void;
}

const waiting: Made[] = [];
let idCount = 0;

const commitAll = database.transaction((group: readonly Made[]) => {
  for (const { id, body } of group) insert.run(id, body);
});

function store(id: string, body: string): Promise<void> {
  if (commits === 'each') {
    insert.run(id, body);
    return Promise.resolve();
  }
  return new Promise((resolve) => {
    if (waiting.push({ id, body, done: resolve }) > 1) return;
    setImmediate(() => {
      const group = waiting.splice(0);
      commitAll(group);
      for (const { done } of group) done();
    });
  });
}

const server = fastify();
server.post('/made', async (request, reply) => {
  const id = `callback_${String(++idCount).padStart(20, '0')}`;
  const body = JSON.stringify(request.body);
  await store(id, body);
  return await reply.code(201).send({ id });
});
await server.listen({ host: '127.0.0.1', port: 0 });
const address = server.server.address();
console.log(JSON.stringify({ port: typeof address === 'object' ? address?.port : 0 }));
