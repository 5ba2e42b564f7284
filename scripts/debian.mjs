// Debian packages by one of three ways: apt-get as root, `sudo -n apt-get`, or, as a plain user, downloaded
// and
// unpacked under .tools/. Plain Node: it runs before any dependency is installed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root, absolute. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
/** Where unpacked tools live; never committed. */
export const TOOLS = join(ROOT, '.tools');

/** A step that failed in a way the reader can mend; the message says how. */
export class SetupError extends Error {}

/** The absolute path of a program on the PATH, or undefined. */
export function which(program) {
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    if (directory === '') continue;
    const path = join(directory, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // not here: the next directory may have it
    }
  }
  return undefined;
}

/** Runs a command, output to stderr so that stdout stays for answers. True when it ended with 0. */
export function ran(command, args, options = {}) {
  const result = spawnSync(command, args, { stdio: ['ignore', 2, 2], ...options });
  return result.status === 0;
}

function read(command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, ...options });
  return result.status === 0 ? result.stdout : undefined;
}

const isRoot = process.getuid?.() === 0;
const NONINTERACTIVE = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };

/** The command a person would type for the same packages. */
export function installCommand(packages) {
  const apt = `apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  return isRoot ? apt : `sudo ${apt}`;
}

/**
 * Installs packages system-wide as root or with password-less sudo. False when neither is possible or it
 * failed;
 * lists are refreshed only when the first try fails, because a new machine has none.
 */
export function installSystemWide(packages) {
  if (which('apt-get') === undefined) return false;
  const prefix = isRoot ? [] : ['sudo', '-n'];
  if (!isRoot && (which('sudo') === undefined || !ran('sudo', ['-n', 'true'], { stdio: 'ignore' })))
    return false;
  const apt = (...args) => {
    const [command, ...rest] = [
      ...prefix,
      'env',
      'DEBIAN_FRONTEND=noninteractive',
      'apt-get',
      '-qq',
      ...args,
    ];
    return ran(command, rest, NONINTERACTIVE);
  };
  console.error(`setup: installing Debian packages: ${packages.join(' ')}`);
  const install = ['install', '-y', '--no-install-recommends', ...packages];
  const known = read('apt-cache', ['show', ...packages]) !== undefined;
  if (known && apt(...install)) return true;
  return apt('update') && apt(...install);
}

/**
 * Downloads packages with everything they need and unpacks them under .tools/, without any privilege.
 * `complete` unpacks the whole closure down to the C library (a compiler with its own sysroot needs that);
 * otherwise only what this machine lacks. Returns the unpacked root, or undefined when that is not possible.
 */
export function unpackAsUser(name, packages, { complete = false } = {}) {
  for (const program of ['apt-get', 'dpkg-deb']) if (which(program) === undefined) return undefined;
  const key = createHash('sha256').update(packages.join(' ')).digest('hex').slice(0, 8);
  const root = join(TOOLS, `${name}-${key}`);
  const stamp = join(root, '.complete');
  if (existsSync(stamp)) return root;
  rmSync(root, { recursive: true, force: true });
  const state = join(TOOLS, 'apt');
  const archives = join(state, 'archives');
  for (const directory of ['lists/partial', 'cache/archives/partial', 'archives']) {
    mkdirSync(join(state, directory), { recursive: true });
  }
  writeFileSync(join(state, 'empty-status'), '');
  const options = [
    ['Dir::State', state],
    ['Dir::State::lists', join(state, 'lists')],
    ['Dir::Cache', join(state, 'cache')],
    // Without hooks and post-invokes of the machine's own configuration, which expect root.
    ['APT::Update::Post-Invoke-Success::', ''],
    ['APT::Sandbox::User', ''],
    ['Dir::State::status', complete ? join(state, 'empty-status') : '/var/lib/dpkg/status'],
  ].flatMap(([option, value]) => ['-o', `${option}=${value}`]);

  console.error(`setup: downloading Debian packages into .tools/: ${packages.join(' ')}`);
  // A third-party list that cannot be refreshed must not matter: what counts is whether the packages resolve.
  ran('apt-get', ['-qq', ...options, 'update']);
  const plan = read('apt-get', [
    ...options,
    'install',
    '--print-uris',
    '-qq',
    '-y',
    '--no-install-recommends',
    ...packages,
  ]);
  if (plan === undefined) return undefined;
  // One line a package: 'address' name_version_architecture.deb size checksum; the version's colon is
  // escaped.
  const wanted = [...plan.matchAll(/^'[^']+' ([^_\s]+)_([^_\s]+)_[^_\s]+\.deb /gmu)].map(
    ([, packageName, version]) => `${packageName}=${decodeURIComponent(version)}`,
  );
  if (wanted.length === 0) return undefined;
  rmSync(archives, { recursive: true, force: true });
  mkdirSync(archives, { recursive: true });
  if (!ran('apt-get', ['-qq', ...options, 'download', ...wanted], { cwd: archives })) return undefined;
  makeMergedLayout(root);
  for (const archive of readdirSync(archives)) {
    if (!ran('sh', ['-c', UNPACK, 'sh', join(archives, archive), root])) return undefined;
  }
  writeFileSync(stamp, `${wanted.join('\n')}\n`);
  rmSync(archives, { recursive: true, force: true });
  return root;
}

// As dpkg-deb -x, which would put a folder in the place of a link: Debian 12 has packages with files in /lib.
const UNPACK = 'dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink -C "$2"';

// Debian's /bin and /lib are links into /usr; unpacked without them, packages would split over both.
function makeMergedLayout(root) {
  for (const directory of ['bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(join(root, 'usr', directory), { recursive: true });
    symlinkSync(`usr/${directory}`, join(root, directory));
  }
}

/** Folders with shared libraries of an unpacked root, for LD_LIBRARY_PATH. */
export function libraryFolders(root) {
  const lib = join(root, 'usr', 'lib');
  const folders = existsSync(lib) ? readdirSync(lib).filter((name) => name.includes('-linux-gnu')) : [];
  return [...folders.map((name) => join(lib, name)), lib];
}

/**
 * Writes an executable shell script into .tools/bin that runs `program` of an unpacked root; returns its
 * path.
 */
export function writeWrapper(name, program, { libraries = [], args = [], env = {} } = {}) {
  const bin = join(TOOLS, 'bin');
  mkdirSync(bin, { recursive: true });
  const path = join(bin, name);
  const quote = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
  const lines = ['#!/bin/sh'];
  if (libraries.length > 0) lines.push(`export LD_LIBRARY_PATH=${quote(libraries.join(':'))}`);
  for (const [key, value] of Object.entries(env)) lines.push(`export ${key}=${quote(value)}`);
  lines.push(`exec ${[program, ...args].map(quote).join(' ')} "$@"`, '');
  writeFileSync(path, lines.join('\n'), { mode: 0o755 });
  return path;
}
