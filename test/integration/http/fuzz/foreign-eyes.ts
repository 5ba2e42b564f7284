import { type ApiOperation, operationsOf } from '../../../contract/http/openapi-document.ts';
import { Dice } from './dice.ts';
import { FuzzWorld } from './fuzz-world.ts';
import { type FuzzedProduct, PASSWORD, sessionOf } from './fuzzed-product.ts';
import { recipeOf } from './recipes.ts';
import { type Credentials, type FuzzRequest, RequestMaker } from './request-maker.ts';
import { ValueMaker } from './value-maker.ts';
import { Judge } from './verdict.ts';
import { Wire, type WireAnswer } from './wire.ts';

/** The one queue of the line of business that looks at the others; its own callback is what it may see. */
const OWN_QUEUE = 'constructor';
/** What another line of business has: queues, things with an id, customers' numbers. */
const QUEUES = /"(?:billing|support|app|talk|ask|preview)"|queue="(?!constructor)\w+"/g;
const IDS = /\b(?:callback|callin|recording|notification|invitation|call)_[0-9a-z]{8,40}\b/g;
const NUMBERS = /\b1202555\d{4}\b/g;
const SUCCESS_BELOW = 300;

/** What was found. */
interface ForeignFindings {
  /** What somebody saw of another line of business or did to it, and what was not answered as documented. */
  readonly faults: readonly string[];
  /** Operations that the rightful could not carry out after the others had tried. */
  readonly refused: readonly string[];
  /** Lists in which the foreign found their own thing, so that there was something to be seen. */
  readonly shownOwn: readonly string[];
}

/**
 * Every operation as it succeeds for the administrator, asked first by everybody of another line of business,
 * by another agent, and with credentials that are good for nothing any more; then by the administrator.
 * Whoever is refused must have changed nothing: the administrator's request then still succeeds.
 */
export async function lookWithForeignEyes(fuzzed: FuzzedProduct): Promise<ForeignFindings> {
  const { product, document, known } = fuzzed;
  const credentials = new Map([...fuzzed.credentials, ...(await foreignCredentials(fuzzed))]);
  const world = new FuzzWorld(fuzzed);
  const ownNumber = world.number().slice(1);
  const own = await world.waiting(OWN_QUEUE, { customerNumber: `+${ownNumber}` });
  const dice = new Dice(1);
  const values = new ValueMaker({ dice, known, document, nowMs: Date.now() });
  const maker = new RequestMaker({ dice, known, values, credentials });
  const judge = new Judge(document, fuzzed.secrets);
  const wire = new Wire(product.port);
  const [faults, refused, shownOwn]: string[][] = [[], [], []];
  // A log-out ends the session of the others.
  const last = ({ path }: ApiOperation): number => Number(/logout|password/.test(path));
  for (const operation of operationsOf(document).toSorted((a, b) => last(a) - last(b))) {
    const name = `${operation.method} ${operation.path}`;
    const prepared = (await recipeOf(operation)?.(world)) ?? {};
    const ask = async (credential: string): Promise<{ request: FuzzRequest; answer: WireAnswer }> => {
      const given = { ...prepared, credential };
      const request = maker.make(operation, credentials, { prepared: given, plain: true });
      const outcome = await wire.send(request.bytes, false);
      if (outcome.kind !== 'answered') throw new Error(`${name} as ${credential}: ${outcome.kind}`);
      faults!.push(...judge.faults(request, outcome).map((fault) => `${name} as ${credential}: ${fault}`));
      return { request, answer: outcome.answer };
    };
    // Who shows a session of their own for it is no stranger.
    const isAnybodys = prepared.headers?.['authorization'] !== undefined;
    for (const credential of isAnybodys ? [] : strangers(operation, credentials)) {
      const { request, answer } = await ask(credential);
      const found = seen(request, answer, [own, ownNumber]);
      if (found.length > 0)
        faults!.push(`${name} as ${credential}: ${answer.status} shows ${found.join(', ')}`);
      if (answer.status < SUCCESS_BELOW && answer.body.includes(own)) shownOwn!.push(name);
      const isPublic = operation.security?.length === 0;
      if (credential.startsWith('dead') && !isPublic && answer.status !== 401) {
        faults!.push(`${name} as ${credential}: ${answer.status}`);
      }
    }
    const { answer } = await ask(prepared.credential ?? 'administrator');
    if (answer.status >= 400)
      refused!.push(`${name}: ${answer.status} ${answer.body.toString().slice(0, 200)}`);
  }
  wire.close();
  return { faults: faults!, refused: refused!, shownOwn: shownOwn! };
}

/** People and keys of the other line of business, and credentials that were good once. */
async function foreignCredentials({ product }: FuzzedProduct): Promise<Credentials> {
  const made = new Map<string, [string, string][]>();
  const accessGroups = [OWN_QUEUE];
  const scopes = ['native', 'ges', 'gms'];
  const key = async (wanted: object): Promise<{ id: string; key: string }> =>
    product.json('POST', '/api/v1/api-keys', { name: 'foreign', scopes, ...wanted });
  for (const role of ['Supervisor', 'Monitor', 'Developer']) {
    made.set(`foreign ${role} key`, [['x-api-key', (await key({ role, accessGroups })).key]]);
  }
  const user = async (name: string, role: string, more: object): Promise<string> => {
    await product.json('POST', '/api/v1/users', { name, role, password: PASSWORD, ...more });
    return sessionOf(product, name);
  };
  const bearer = (token: string): [string, string][] => [['authorization', `Bearer ${token}`]];
  made.set(
    'foreign supervisor',
    bearer(await user('sid', 'Supervisor', { accessGroups, agentId: 'constructor' })),
  );
  made.set('another agent', bearer(await user('bert', 'Agent', { accessGroups, agentId: 'bob' })));
  const disabled = await user('dan', 'Administrator', {});
  await product.json('PATCH', '/api/v1/users/dan', { enabled: false });
  made.set('dead session', bearer(disabled));
  const deleted = await key({ role: 'Administrator' });
  await product.json('DELETE', `/api/v1/api-keys/${deleted.id}`);
  made.set('dead key', [['x-api-key', deleted.key]]);
  const rotated = await key({ role: 'Administrator' });
  await product.json('POST', `/api/v1/api-keys/${rotated.id}/rotate`, { graceSec: 0 });
  made.set('dead secret of a key', [['x-api-key', rotated.key]]);
  return made;
}

/** Those whose permission covers what everybody may see of an own queue only. */
function strangers({ path }: ApiOperation, credentials: Credentials): string[] {
  // Own things of everybody: there is nothing of others in them.
  if (/\/(?:logout|login|me|password)$/.test(path)) return ['dead session', 'dead key'];
  return [...credentials.keys()].filter((name) => /^(?:foreign|another|dead) /.test(name));
}

/** What an answer tells that the request did not say and that is another line of business's. */
function seen(
  { bytes, operation }: FuzzRequest,
  { status, body }: WireAnswer,
  own: readonly string[],
): string[] {
  const text = body.toString('utf8');
  if (operation.path.endsWith('/errors')) {
    if (status >= SUCCESS_BELOW) return [];
    // Of the caller's own requests, which named what was refused, and of whoever named the own queue.
    type Shown = {
      readonly items: readonly { readonly actor: string; readonly virtualQueue: string | null }[];
    };
    const others = (JSON.parse(text) as Shown).items.filter(({ virtualQueue }) => virtualQueue !== OWN_QUEUE);
    const actors = new Set(others.map(({ actor }) => actor));
    return actors.size > 1 ? [...actors] : [];
  }
  const asked = bytes.toString('utf8');
  const told = [QUEUES, IDS, NUMBERS].flatMap((pattern) => text.match(pattern) ?? []);
  const foreign = told.filter((found) => !own.includes(found) && !asked.includes(found.replaceAll('"', '')));
  // Whoever names a thing by its id and is not refused has seen it, or has done something to it.
  const isOfThing = /\b(?:callback|callin|recording|notification|invitation|storage|key)_[0-9a-z]{8,40}/.test(
    asked,
  );
  const done = isOfThing && status < SUCCESS_BELOW && !/"ok":false|"not-found"/.test(text) ? ['success'] : [];
  return [...new Set([...foreign, ...done])];
}
