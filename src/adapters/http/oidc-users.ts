import type { JWTPayload } from 'jose';
import { nameSchema } from '../../telephony/directory.ts';
import type { AccessStore, User } from './access-store.ts';
import { Role } from './access-store.ts';
import type { Access } from './access.ts';
import type { Clock } from '../../kernel/clock.ts';
import { httpLimits, type OidcSettings } from './http-config.ts';
import { HttpError } from './http-errors.ts';

const CLAIM_VALUES_MAX = 500;

interface OidcUsersParts {
  readonly access: AccessStore;
  readonly accessControl: Access;
  readonly clock: Clock;
}

/** What the claims say of a person. */
interface Person {
  readonly role: Role;
  readonly accessGroups: readonly string[] | undefined;
  readonly agentId: string | null | undefined;
}

/**
 * The user that an account of the provider stands for: the same one each time by issuer and subject, never by
 * name, because names change hands. Role, and groups and agent where a claim is set for them, follow the
 * claims with each log-in. @throws OIDC_LOGIN_REFUSED.
 */
export class OidcUsers {
  readonly #parts: OidcUsersParts;
  readonly #settings: OidcSettings;

  constructor(parts: OidcUsersParts, settings: OidcSettings) {
    this.#parts = parts;
    this.#settings = settings;
  }

  async userOf(claims: JWTPayload & { readonly sub: string }): Promise<User> {
    const { access, accessControl, clock } = this.#parts;
    const { issuer } = this.#settings;
    const person = this.#personOf(claims);
    const known = await access.findIdentity(issuer, claims.sub);
    const user = known === undefined ? undefined : await access.findUser(known);
    if (user === undefined) return await this.#welcome(claims, person);
    if (!user.enabled) throw refused('the user is disabled here');
    const { role, accessGroups = user.accessGroups, agentId = user.agentId } = person;
    const changed: User = { ...user, role, accessGroups, agentId, updatedAtMs: clock.nowMs() };
    await access.updateUser(changed);
    accessControl.changed();
    return changed;
  }

  async #welcome(claims: JWTPayload & { readonly sub: string }, person: Person): Promise<User> {
    const { access, clock } = this.#parts;
    const { issuer, nameClaim } = this.#settings;
    const [wished] = textsOf(claimOf(claims, nameClaim));
    const name = nameSchema.safeParse((wished ?? claims.sub).replace(/[^\w.-]/g, '_').slice(0, 64));
    if (!name.success) throw refused(`the claim ${nameClaim} makes no name`);
    if ((await access.userCount()) >= httpLimits.usersMax) throw refused('there are too many users');
    const nowMs = clock.nowMs();
    const user: User = {
      name: name.data,
      role: person.role,
      passwordHash: '',
      agentId: person.agentId ?? null,
      enabled: true,
      accessGroups: person.accessGroups ?? [],
      createdAtMs: nowMs,
      updatedAtMs: nowMs,
    };
    // Whoever chooses their own name at the provider must not become somebody who is here already.
    if (!(await access.insertUser(user))) throw refused(`the name ${user.name} belongs to another user here`);
    await access.insertIdentity({ issuer, subject: claims.sub, userName: user.name, linkedAtMs: nowMs });
    return user;
  }

  #personOf(claims: JWTPayload): Person {
    const { roleClaim, roleMap, groupClaim, agentClaim } = this.#settings;
    const values = textsOf(claimOf(claims, roleClaim));
    const given = roleMap.find(([value]) => values.includes(value))?.[1];
    const role = Object.values(Role).find((candidate) => candidate === given);
    if (role === undefined) throw refused(`the claim ${roleClaim} gives no role here`);
    const accessGroups =
      groupClaim === undefined
        ? undefined
        : textsOf(claimOf(claims, groupClaim))
            .filter((group) => nameSchema.safeParse(group).success)
            .slice(0, httpLimits.groupsPerMemberMax);
    // Without a group people read every queue: a missing claim must not give that.
    if (accessGroups?.length === 0 && role !== Role.administrator) {
      throw refused(`the claim ${groupClaim} names no access group`);
    }
    if (agentClaim === undefined) return { role, accessGroups, agentId: undefined };
    const [agent] = textsOf(claimOf(claims, agentClaim));
    return { role, accessGroups, agentId: nameSchema.safeParse(agent).data ?? null };
  }
}

/** A claim by its name, or by its path through objects: `realm_access.roles`. */
function claimOf(claims: JWTPayload, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let value: unknown = claims;
  for (const part of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

function textsOf(value: unknown): string[] {
  const values: unknown[] = Array.isArray(value) ? value.slice(0, CLAIM_VALUES_MAX) : [value];
  return values.filter((item): item is string => typeof item === 'string' && item !== '');
}

function refused(message: string): HttpError {
  return new HttpError('OIDC_LOGIN_REFUSED', message);
}
