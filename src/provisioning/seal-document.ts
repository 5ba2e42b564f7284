import { randomBytes } from 'node:crypto';
import type { Fault } from '../kernel/errors.ts';
import type { SecretInput } from '../telephony/directory.ts';
import type { ConfigurationDocument } from './document.ts';
import { faultAt } from './schema-faults.ts';
import { SecretBox } from './secret-box.ts';
import type { DocumentLines, YamlPath } from './yaml-document.ts';

/** Letters and digits that are not taken for one another when read aloud or typed into a phone. */
const PASSWORD_ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789';
const PASSWORD_LENGTH = 14;
/** A private key is the longest of them. */
const ENVIRONMENT_SECRET_MAX = 8192;

/** Names of settings of the program itself, its secret key among them. */
const OWN_VARIABLES = 'TURNKEEPER_';

/** What sealing needs beside the document. */
export interface SealingContext {
  readonly box: SecretBox;
  /** Reads the environment for `{env: NAME}`. */
  readonly environment: (name: string) => string | undefined;
  /**
   * The configuration in force: generated passwords are kept, and so is the sealed form of unchanged ones.
   */
  readonly before: ConfigurationDocument;
  readonly source: DocumentLines;
}

/** Replaces every secret by its sealed form, or tells which cannot be had. */
export function sealDocument(
  document: ConfigurationDocument,
  context: SealingContext,
): { readonly document: ConfigurationDocument; readonly faults: readonly Fault[] } {
  const faults: Fault[] = [];
  const agentsBefore = new Map(context.before.agents.map((agent) => [agent.id, agent.password]));
  const trunksBefore = new Map(context.before.trunks.map((trunk) => [trunk.name, trunk.password]));
  const agents = document.agents.map((agent, index) => {
    const path = ['agents', index, 'password'];
    return { ...agent, password: sealOne(agent.password, agentsBefore.get(agent.id), path, context, faults) };
  });
  const trunks = document.trunks.map((trunk, index) => {
    if (trunk.password === undefined) return trunk;
    const path = ['trunks', index, 'password'];
    return {
      ...trunk,
      password: sealOne(trunk.password, trunksBefore.get(trunk.name), path, context, faults),
    };
  });
  const captchaBefore = new Map(context.before.captcha.map((keys) => [keys.name, keys.secret]));
  const captcha = document.captcha.map((keys, index) => {
    const path = ['captcha', index, 'secret'];
    return { ...keys, secret: sealOne(keys.secret, captchaBefore.get(keys.name), path, context, faults) };
  });
  const keysBefore = new Map(context.before.pushCredentials.map((each) => [each.name, each.privateKey]));
  const pushCredentials = document.pushCredentials.map((each, index) => {
    const path = ['pushCredentials', index, 'privateKey'];
    const privateKey = sealOne(each.privateKey, keysBefore.get(each.name), path, context, faults);
    return { ...each, privateKey };
  });
  const hooksBefore = new Map(context.before.webhooks.map((hook) => [hook.name, hook.secret]));
  const webhooks = document.webhooks.map((hook, index) => {
    const path = ['webhooks', index, 'secret'];
    return { ...hook, secret: sealOne(hook.secret, hooksBefore.get(hook.name), path, context, faults) };
  });
  return { document: { ...document, agents, trunks, captcha, pushCredentials, webhooks }, faults };
}

function sealOne(
  secret: SecretInput,
  before: SecretInput | undefined,
  path: YamlPath,
  context: SealingContext,
  faults: Fault[],
): string {
  const { box } = context;
  const kept = typeof before === 'string' ? before : undefined;
  const keptPlain = kept === undefined ? undefined : openedText(box, kept);
  let plain: string | undefined;
  if (typeof secret === 'string' && SecretBox.isSealed(secret)) {
    const outcome = box.open(secret);
    if (outcome.kind === 'opened') plain = outcome.plain;
    else faults.push(faultAt(context.source, path, REFUSED[outcome.why]));
  } else if (typeof secret === 'string') {
    plain = secret;
  } else if ('generate' in secret) {
    plain = keptPlain ?? generatedPassword();
  } else if (secret.env.startsWith(OWN_VARIABLES)) {
    // Whoever may configure could have it sent to an address of their own.
    faults.push(faultAt(context.source, path, `the environment variable ${secret.env} is Turnkeeper's own`));
  } else {
    plain = context.environment(secret.env);
    if (plain === undefined || plain === '' || plain.length > ENVIRONMENT_SECRET_MAX) {
      const message = `the environment variable ${secret.env} is not set to 1–${ENVIRONMENT_SECRET_MAX} characters`;
      faults.push(faultAt(context.source, path, message));
      plain = undefined;
    }
  }
  if (plain === undefined) return '';
  // Sealing gives another text each time; keeping the old one makes an unchanged secret no change.
  if (kept !== undefined && keptPlain === plain) return kept;
  return typeof secret === 'string' && SecretBox.isSealed(secret) ? secret : box.seal(plain);
}

const REFUSED = {
  malformed: 'the sealed value is not complete; write it as exported, or write the password itself',
  'other-installation':
    'this value was sealed by another installation; write the password itself or {env: NAME}',
  damaged: 'the sealed value is damaged; write the password itself or {env: NAME}',
} as const;

function openedText(box: SecretBox, sealed: string): string | undefined {
  const outcome = box.open(sealed);
  return outcome.kind === 'opened' ? outcome.plain : undefined;
}

function generatedPassword(): string {
  let text = '';
  while (text.length < PASSWORD_LENGTH) {
    for (const byte of randomBytes(PASSWORD_LENGTH)) {
      // Bytes past the last whole multiple of the alphabet would make some letters likelier.
      if (byte >= 256 - (256 % PASSWORD_ALPHABET.length) || text.length === PASSWORD_LENGTH) continue;
      text += PASSWORD_ALPHABET[byte % PASSWORD_ALPHABET.length];
    }
  }
  return text;
}
