import type { Setting, SettingKind } from './settings.ts';

const URL_TEXT: SettingKind = {
  kind: 'text',
  pattern: /^https?:\/\/[^\s?#]{1,512}$/,
  allowed: 'an http or https address',
};
const CLAIM: SettingKind = { kind: 'text', pattern: /^[\w.:/-]{1,256}$/, allowed: 'the name of a claim' };
const LINE: SettingKind = { kind: 'text', pattern: /^[^\0\r\n]{1,512}$/, allowed: '1–512 characters' };

const PAIR = '[^=,]{1,128}=(?:Administrator|Supervisor|Monitor|Developer|Agent)';
const ROLE_MAP = new RegExp(`^${PAIR}(?:,${PAIR}){0,31}$`);

/** Settings of the log-in at an OpenID provider. */
export const oidcSettings = {
  oidcIssuer: {
    variable: 'TURNKEEPER_OIDC_ISSUER',
    value: URL_TEXT,
    meaning: 'Issuer of the OpenID provider that people log in at. Not set: with password only.',
  },
  oidcClientId: {
    variable: 'TURNKEEPER_OIDC_CLIENT_ID',
    value: LINE,
    meaning: 'Client id at the OpenID provider.',
  },
  oidcClientSecret: {
    variable: 'TURNKEEPER_OIDC_CLIENT_SECRET',
    value: LINE,
    secret: true,
    meaning: 'Client secret at the OpenID provider. Not set: a public client, by PKCE alone.',
  },
  oidcPublicUrl: {
    variable: 'TURNKEEPER_OIDC_PUBLIC_URL',
    value: URL_TEXT,
    meaning:
      'Address of this server as browsers see it, without a path; the redirect URI is this and `/api/v1/oidc/callback`.',
  },
  oidcScopes: {
    variable: 'TURNKEEPER_OIDC_SCOPES',
    value: {
      kind: 'text',
      pattern: /^[\x21\x23-\x5b\x5d-\x7e ]{1,256}$/,
      allowed: 'scopes separated by spaces',
    },
    fallback: 'openid profile email',
    meaning: 'Scopes asked of the OpenID provider; `openid` must be among them.',
  },
  oidcNameClaim: {
    variable: 'TURNKEEPER_OIDC_NAME_CLAIM',
    value: CLAIM,
    fallback: 'preferred_username',
    meaning: 'Claim that becomes the name of the user at the first log-in.',
  },
  oidcRoleClaim: {
    variable: 'TURNKEEPER_OIDC_ROLE_CLAIM',
    value: CLAIM,
    fallback: 'roles',
    meaning:
      'Claim (a text or a list) with the roles of a person; dots lead into objects: `realm_access.roles`.',
  },
  oidcRoleMap: {
    variable: 'TURNKEEPER_OIDC_ROLE_MAP',
    value: {
      kind: 'text',
      pattern: ROLE_MAP,
      allowed: '`value=Role` pairs separated by commas',
    },
    meaning:
      'Which value of that claim gives which role, strongest first. Without one of them nobody gets in.',
  },
  oidcGroupClaim: {
    variable: 'TURNKEEPER_OIDC_GROUP_CLAIM',
    value: CLAIM,
    meaning: 'Claim with the access groups of a person. Not set: groups are given here.',
  },
  oidcAgentClaim: {
    variable: 'TURNKEEPER_OIDC_AGENT_CLAIM',
    value: CLAIM,
    meaning: 'Claim with the id of the configured agent that a person is. Not set: given here.',
  },
} as const satisfies Readonly<Record<string, Setting>>;

/** An OpenID provider that people log in at. */
export interface OidcConfig {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  /** `https://desk.example`, without a path. */
  readonly publicUrl: string;
  readonly scopes: string;
  readonly nameClaim: string;
  readonly roleClaim: string;
  /** Value of the claim and role, strongest first. */
  readonly roleMap: readonly (readonly [value: string, role: string])[];
  readonly groupClaim: string | undefined;
  readonly agentClaim: string | undefined;
}

interface OidcReader {
  text(name: keyof typeof oidcSettings): string | undefined;
  required(name: keyof typeof oidcSettings): string;
}

/** What is set of it; undefined without an issuer. */
export function oidcConfig(read: OidcReader): OidcConfig | undefined {
  const issuer = read.text('oidcIssuer');
  if (issuer === undefined) return undefined;
  return {
    issuer,
    clientId: read.required('oidcClientId'),
    clientSecret: read.text('oidcClientSecret'),
    publicUrl: read.required('oidcPublicUrl').replace(/\/+$/, ''),
    scopes: read.required('oidcScopes'),
    nameClaim: read.required('oidcNameClaim'),
    roleClaim: read.required('oidcRoleClaim'),
    roleMap: read
      .required('oidcRoleMap')
      .split(',')
      .map((pair) => pair.split('=', 2))
      .map(([value = '', role = '']) => [value, role] as const),
    groupClaim: read.text('oidcGroupClaim'),
    agentClaim: read.text('oidcAgentClaim'),
  };
}
