import { createCipheriv, createHash, generateKeyPairSync } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Actor } from '../../../src/callback/callback.ts';
import { SystemClock } from '../../../src/kernel/clock.ts';
import { silentLog } from '../../../src/kernel/log.ts';
import type { ConfigurationVersion } from '../../../src/provisioning/configuration-store.ts';
import type { ConfigurationDocument } from '../../../src/provisioning/document.ts';
import { type ApplyOutcome, Provisioning } from '../../../src/provisioning/provisioning.ts';
import { SecretBox } from '../../../src/provisioning/secret-box.ts';
import { Storage } from '../../../src/adapters/storage/storage.ts';

const actor: Actor = { kind: 'user', id: 'mallory' };
const KEY = Buffer.alloc(32, 9);
const box = new SecretBox(KEY);
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const PEM = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

/** Each section with a secret, and the text of one entry around it. */
const sections = {
  agents: (secret: string) => `agents: [{id: ada, name: Ada, sipUser: ada, password: ${secret}}]`,
  trunks: (secret: string) =>
    `trunks: [{name: line, username: u, password: ${secret}, outboundHost: sip.example}]`,
  captcha: (secret: string) =>
    `captcha: [{name: page, kind: v3, siteKey: k, secret: ${secret}, verifyUrl: "https://check.example/a"}]`,
  pushCredentials: (secret: string) =>
    'pushCredentials: [{name: phones, project: shop, clientEmail: push@shop.example, ' +
    `privateKey: ${secret}, tokenUrl: "https://token.example/t", sendUrl: "https://send.example"}]`,
  webhooks: (secret: string) => `webhooks: [{name: crm, url: "https://crm.example/hook", secret: ${secret}}]`,
} as const;
type Section = keyof typeof sections;
const names = Object.keys(sections) as Section[];
const fieldOf = (section: Section): string =>
  ({ agents: 'password', trunks: 'password', pushCredentials: 'privateKey' })[section as string] ?? 'secret';

/** A value as the first form was: authenticated with the key's id alone. */
function sealedBefore(plain: string): string {
  const keyId = createHash('sha256').update('turnkeeper-key-id').update(KEY).digest('hex').slice(0, 8);
  const nonce = Buffer.alloc(12, 3);
  const cipher = createCipheriv('aes-256-gcm', KEY, nonce).setAAD(Buffer.from(keyId));
  const body = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  return `sealed:v1:${keyId}:${body.toString('base64')}`;
}

describe('a sealed value', () => {
  let storage: Storage;
  let own: Provisioning;

  const open = (secretVariables?: ReadonlyMap<string, readonly string[]>): Provisioning =>
    new Provisioning({
      transactions: storage,
      box,
      clock: new SystemClock(),
      log: silentLog,
      realm: 'test',
      environment: (name) => (name === 'EMPTY' ? undefined : `value-of-${name}`),
      ...(secretVariables && { secretVariables }),
    });
  const apply = (text: string, on = own): Promise<ApplyOutcome> =>
    on.apply(text, 'test.yaml', actor, { dryRun: false });
  const inForce = (): Record<Section, Record<string, unknown>[]> =>
    parse(own.export()) as Record<Section, Record<string, unknown>[]>;
  const sealedIn = (section: Section): string => String(inForce()[section][0]?.[fieldOf(section)]);
  const faultOf = (outcome: ApplyOutcome): { path: string; message: string } | undefined =>
    outcome.kind === 'refused' ? outcome.faults[0] : undefined;

  beforeEach(async () => {
    storage = await Storage.open({ path: ':memory:', clock: new SystemClock() });
    own = open();
    const text = names.map((section) =>
      sections[section](section === 'pushCredentials' ? JSON.stringify(PEM) : `${section}-secret`),
    );
    await apply(text.join('\n'));
    return () => storage.close();
  });

  it.each(names.flatMap((from) => names.filter((to) => to !== from).map((to) => [from, to] as const)))(
    'of %s is refused as a secret of %s, and the fault names the field',
    async (from, to) => {
      const outcome = await apply(sections[to](sealedIn(from)));
      expect(faultOf(outcome)).toMatchObject({
        path: `${to}[0].${fieldOf(to)}`,
        message: expect.stringContaining('another kind of entry') as string,
      });
      expect(own.directory.version).toBe(1);
    },
  );

  it.each([
    ['trunks', 'outboundHost', 'sip.example', 'sip.mallory.example'],
    ['trunks', 'outboundHost', 'sip.example', 'sip.example:5066'],
    ['captcha', 'verifyUrl', 'https://check.example/a', 'https://mallory.example/a'],
    ['captcha', 'verifyUrl', 'https://check.example/a', 'https://check.example:8443/a'],
    ['captcha', 'verifyUrl', 'https://check.example/a', 'https://check.example.mallory.example/a'],
    ['pushCredentials', 'tokenUrl', 'https://token.example/t', 'https://mallory.example/t'],
    ['pushCredentials', 'sendUrl', 'https://send.example', 'https://mallory.example'],
    ['pushCredentials', 'sendUrl', 'https://send.example', 'https://send.example.mallory.example'],
    ['webhooks', 'url', 'https://crm.example/hook', 'https://mallory.example/hook'],
  ] as const)('of %s is refused where %s changes from %s to %s', async (section, field, before, after) => {
    const outcome = await apply(sections[section](sealedIn(section)).replace(before, after));
    expect(faultOf(outcome)).toMatchObject({
      path: `${section}[0].${fieldOf(section)}`,
      message: expect.stringContaining(field) as string,
    });
    // Whoever gives the secret again may change the address.
    const given = section === 'pushCredentials' ? JSON.stringify(PEM) : `${section}-secret`;
    const again = await apply(sections[section](given).replace(before, after));
    expect(again).toMatchObject({ kind: 'applied', version: 2 });
  });

  it.each([
    ['another path', 'captcha', 'check.example/a', 'check.example/b'],
    ['the port that is meant anyway', 'captcha', 'check.example/a', 'check.example:443/a'],
    ['capital letters', 'trunks', 'sip.example', 'SIP.Example:5060'],
    ['another name', 'webhooks', 'name: crm', 'name: desk'],
  ] as const)('is kept with %s', async (_, section, before, after) => {
    const sealed = sealedIn(section);
    const outcome = await apply(sections[section](sealed).replace(before, after));
    expect(outcome).toMatchObject({ kind: 'applied', version: 2 });
    expect(sealedIn(section)).toBe(sealed);
  });

  it('of the longest secret is taken back as exported', async () => {
    const longest = 'ü'.repeat(512);
    expect(await apply(sections.agents(longest))).toMatchObject({ kind: 'applied', version: 2 });
    expect(await apply(own.export())).toMatchObject({ kind: 'applied', version: 2 });
    expect(own.phoneCredentials()[0]?.password).toBe(longest);
  });

  it('is not carried to a new host by asking for a generated one', async () => {
    const outcome = await apply(
      sections.captcha('{generate: true}').replace('https://check.example', 'https://mallory.example'),
    );
    expect(outcome).toMatchObject({ kind: 'applied' });
    expect(own.directory.captchaKeys()[0]?.secret).not.toBe('captcha-secret');
    expect(own.directory.captchaKeys()[0]?.secret).toMatch(/^[a-z0-9]{14}$/);
  });

  it.each([
    ['CHECK', 'captcha', 'applied'],
    ['CHECK', 'webhooks', 'is for check.example'],
    ['CRM', 'webhooks', 'applied'],
    ['CRM_ELSEWHERE', 'webhooks', 'is for crm.example:8443'],
    ['PUSH', 'pushCredentials', 'applied'],
    ['HALF_PUSH', 'pushCredentials', 'not for send.example'],
    ['SIP', 'trunks', 'applied'],
    ['ANY', 'trunks', 'applied'],
    ['ANY', 'agents', 'applied'],
    ['CHECK', 'agents', 'applied'],
    ['EMPTY', 'agents', 'is not set'],
    ['AWS_SECRET_ACCESS_KEY', 'captcha', 'TURNKEEPER_CONFIGURATION_VARIABLES'],
    ['TURNKEEPER_SECRET_KEY', 'captcha', "Turnkeeper's own"],
  ] as const)(
    'of the variable %s in %s is had where the installation lets it be: %s',
    async (name, section, fault) => {
      const variables = new Map<string, readonly string[]>([
        ['CHECK', ['check.example']],
        ['CRM', ['crm.example:443']],
        ['CRM_ELSEWHERE', ['crm.example:8443']],
        ['PUSH', ['token.example', 'send.example']],
        ['HALF_PUSH', ['token.example']],
        ['SIP', ['sip.example:5060']],
        ['ANY', []],
        ['EMPTY', []],
        ['TURNKEEPER_SECRET_KEY', []],
      ]);
      const bounded = open(variables);
      await bounded.load();
      const outcome = await apply(sections[section](`{env: ${name}}`), bounded);
      expect(faultOf(outcome)?.message ?? outcome.kind).toContain(fault);
    },
  );

  it('of the past form is sealed anew at the start, once, and opens as before', async () => {
    const before = sealedBefore('captcha-of-old');
    await storage.transact(async (tx) => {
      const latest = await tx.latestConfiguration();
      const old = latest as ConfigurationVersion;
      const { document } = old;
      const captcha = document.captcha.map((keys) => ({ ...keys, secret: before }));
      const changed: ConfigurationDocument = { ...document, captcha };
      await tx.insertConfiguration({ ...old, version: 2, document: changed });
    });
    own = open();
    expect(await own.load()).toBe(3);
    expect(own.directory.captchaKeys()[0]?.secret).toBe('captcha-of-old');
    expect(own.directory.trunkPassword('line')).toBe('trunks-secret');
    expect(own.export()).not.toContain('sealed:v1:');
    expect(await open().load()).toBe(3);
    expect((await own.history(1))[0]).toMatchObject({ version: 3, actor: { kind: 'system' } });
  });

  it.each(names)('of the past form is refused in a new document for %s, with what to do', async (section) => {
    const outcome = await apply(sections[section](sealedBefore(`${section}-secret`)));
    expect(faultOf(outcome)).toMatchObject({
      path: `${section}[0].${fieldOf(section)}`,
      message: expect.stringMatching(/sealed:v1: .* export the configuration anew/) as string,
    });
  });

  it('of the past form passes for none of the present one, nor the other way round', () => {
    const before = sealedBefore('plain');
    const now = box.seal('plain', 'here');
    expect(box.open(before, 'here')).toEqual({ kind: 'refused', why: 'unbound' });
    expect(box.open(before.replace(':v1:', ':v2:'), 'here').kind).toBe('refused');
    expect(box.openUnbound(now).kind).toBe('refused');
    expect(box.openUnbound(now.replace(':v2:', ':v1:')).kind).toBe('refused');
    expect(box.openUnbound(before)).toEqual({ kind: 'opened', plain: 'plain' });
    expect(box.open(now, 'there')).toEqual({ kind: 'refused', why: 'elsewhere-or-damaged' });
  });
});
