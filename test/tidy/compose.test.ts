import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

interface Service {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly target?: string };
  readonly profiles?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly healthcheck?: unknown;
  readonly depends_on?: Readonly<Record<string, unknown>>;
  readonly networks?: Readonly<Record<string, { readonly ipv4_address: string }>>;
}

const ROOT = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');
const compose = parse(read('docker-compose.yml'), { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
  networks: Record<string, unknown>;
};
const services = Object.entries(compose.services);

test('every image of the stack is pinned to a version', () => {
  const images = services.flatMap(([, { image }]) => image ?? []);
  const bases = [...read('Dockerfile').matchAll(/^FROM (\S+:\S+)/gm)].map((match) => match[1]!);
  expect([...images, ...bases].filter((image) => !/:\d+\.\d+[\w.-]*$/.test(image))).toEqual([]);
  expect(images.length + bases.length).toBeGreaterThan(5);
});

test('every service tells its health and has an address of its own', () => {
  expect(
    services.filter(([, service]) => service.healthcheck === undefined && service.build === undefined),
  ).toEqual([]);
  const addresses = services.map(([, service]) => service.networks?.['telephony']?.ipv4_address);
  expect(new Set(addresses).size).toBe(services.length);
});

test('what is mounted, built and waited for exists', () => {
  const sources = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0]!));
  const missing = sources.filter((source) =>
    source.startsWith('.') ? !existsSync(fileURLToPath(new URL(source, ROOT))) : !(source in compose.volumes),
  );
  expect(missing).toEqual([]);
  const stages = [...read('Dockerfile').matchAll(/^FROM \S+ AS (\S+)/gm)].map((match) => match[1]!);
  const targets = services.flatMap(([, { build }]) => build?.target ?? []);
  expect(targets.filter((target) => !stages.includes(target))).toEqual([]);
  const awaited = services.flatMap(([, service]) => Object.keys(service.depends_on ?? {}));
  expect(awaited.filter((name) => !(name in compose.services))).toEqual([]);
});

test('secrets come from the environment without a default, and HTTP is published on the loopback address only', () => {
  const secrets = services.flatMap(([, { environment = {} }]) =>
    Object.entries(environment).filter(([name]) => /SECRET|PASSWORD/.test(name)),
  );
  expect(secrets.length).toBeGreaterThan(3);
  expect(secrets.filter(([, value]) => !/^\$\{[A-Z_]+(?::\?[^}]+|:-)\}$/.test(value))).toEqual([]);
  const published = services
    .flatMap(([, { ports = [] }]) => ports)
    .filter((port) => /808\d|5432|9022|8021/.test(port));
  expect(published).toEqual(['127.0.0.1:8080:8080/tcp']);
});
