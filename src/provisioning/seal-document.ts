import { randomBytes } from 'node:crypto';
import type { Fault } from '../kernel/errors.ts';
import type { SecretInput } from '../telephony/directory.ts';
import type { ConfigurationDocument } from './document.ts';
import { faultAt } from './schema-faults.ts';
import { type OpenOutcome, SecretBox } from './secret-box.ts';
import {
  type SecretHost,
  secretPlaces,
  type SecretSection,
  type SecretSpot,
  withSecrets,
} from './secret-place.ts';
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
   * Variables that may be named, each with the hosts (`crm.example`, `crm.example:8443`) that it may stand
   * beside; none: any. Undefined: every variable but the program's own.
   */
  readonly secretVariables?: ReadonlyMap<string, readonly string[]>;
  /**
   * The configuration in force: generated passwords are kept, and so is the sealed form of unchanged ones.
   */
  readonly before: ConfigurationDocument;
  readonly source: DocumentLines;
}

/** Replaces every secret by its sealed form, bound to its place, or tells which cannot be had. */
export function sealDocument(
  document: ConfigurationDocument,
  context: SealingContext,
): { readonly document: ConfigurationDocument; readonly faults: readonly Fault[] } {
  const faults: Fault[] = [];
  const before = new Map<string, SecretInput>();
  withSecrets(context.before, (secret, { section, name }) => {
    before.set(`${section}/${name}`, secret);
    return secret;
  });
  const sealed = withSecrets(document, (secret, spot) =>
    sealOne(secret, before.get(`${spot.section}/${spot.name}`), spot, context, faults),
  );
  return { document: sealed, faults };
}

function sealOne(
  secret: SecretInput,
  before: SecretInput | undefined,
  spot: SecretSpot,
  context: SealingContext,
  faults: Fault[],
): string {
  const { box } = context;
  const { section, index, place } = spot;
  const path: YamlPath = [section, index, secretPlaces[section].field];
  const kept = typeof before === 'string' ? before : undefined;
  // Undefined as well when the entry's address is another now: what was given for the old one stays there.
  const keptPlain = kept === undefined ? undefined : openedText(box, kept, place);
  let plain: string | undefined;
  if (typeof secret === 'string' && SecretBox.isSealed(secret)) {
    const outcome = box.open(secret, place);
    if (outcome.kind === 'opened') plain = outcome.plain;
    else faults.push(faultAt(context.source, path, refusalOf(outcome.why, section)));
  } else if (typeof secret === 'string') {
    plain = secret;
  } else if ('generate' in secret) {
    plain = keptPlain ?? generatedPassword();
  } else {
    const fault = variableFault(secret.env, spot, context);
    if (fault === undefined) plain = context.environment(secret.env);
    else faults.push(faultAt(context.source, path, `the environment variable ${secret.env} ${fault}`));
  }
  if (plain === undefined) return '';
  // Sealing gives another text each time; keeping the old one makes an unchanged secret no change.
  if (kept !== undefined && keptPlain === plain) return kept;
  return typeof secret === 'string' && SecretBox.isSealed(secret) ? secret : box.seal(plain, place);
}

/**
 * Why this variable gives no secret here: whoever may configure could have it sent to an address of theirs.
 */
function variableFault(
  name: string,
  { hosts }: SecretSpot,
  { environment, secretVariables }: SealingContext,
): string | undefined {
  if (name.startsWith(OWN_VARIABLES)) return "is Turnkeeper's own";
  const allowed = secretVariables === undefined ? [] : secretVariables.get(name);
  if (allowed === undefined) return 'is not one that TURNKEEPER_CONFIGURATION_VARIABLES lets documents name';
  const isAllowed = ({ host, port }: SecretHost): boolean =>
    allowed.includes(host) || allowed.includes(`${host}:${port}`);
  const foreign = allowed.length === 0 ? undefined : hosts.find((host) => !isAllowed(host));
  if (foreign) {
    return `is for ${allowed.join(', ')} by TURNKEEPER_CONFIGURATION_VARIABLES, and not for ${foreign.host}`;
  }
  const { length } = environment(name) ?? '';
  return length === 0 || length > ENVIRONMENT_SECRET_MAX
    ? `is not set to 1–${ENVIRONMENT_SECRET_MAX} characters`
    : undefined;
}

type Refusal = Extract<OpenOutcome, { kind: 'refused' }>['why'];

/** What is wrong with a sealed value, and what to write instead. */
function refusalOf(why: Refusal, section: SecretSection): string {
  const mend = 'write the secret itself or {env: NAME}';
  switch (why) {
    case 'malformed':
      return `the sealed value is not complete; write it as exported, or ${mend}`;
    case 'other-installation':
      return `this value was sealed by another installation; ${mend}`;
    case 'unbound':
      return `values that begin with sealed:v1: are taken no more; export the configuration anew, or ${mend}`;
    case 'elsewhere-or-damaged': {
      const { addresses } = secretPlaces[section];
      const elsewhere = ['another kind of entry', ...addresses.map((field) => `another host in ${field}`)];
      return `the sealed value was made for ${elsewhere.join(' or ')}, or is damaged; ${mend}`;
    }
    default:
      return why satisfies never;
  }
}

function openedText(box: SecretBox, sealed: string, place: string): string | undefined {
  const outcome = box.open(sealed, place);
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
