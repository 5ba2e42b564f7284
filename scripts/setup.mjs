#!/usr/bin/env node
// Makes a fresh clone ready: dependencies (with a compiler for SQLite where its prebuilt binary is not to be
// had) and
// the compiled program in dist/. Needs Node and npm only; does nothing, quickly, when nothing is to do.
//   node scripts/setup.mjs [--no-build]
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  ROOT,
  SetupError,
  TOOLS,
  installCommand,
  installSystemWide,
  libraryFolders,
  unpackAsUser,
  which,
  writeWrapper,
} from './debian.mjs';

const COMPILER_PACKAGES = ['g++', 'make', 'python3'];
const DEPENDENCY_STAMP = join(ROOT, 'node_modules', '.turnkeeper-setup.json');
const BUILD_STAMP = join(ROOT, 'dist', '.built');
const MODULE_MAX = 200_000;

const say = (text) => console.error(`setup: ${text}`);

/** Dependencies and build, both only when needed. Throws {@link SetupError}. */
export function setUp({ build = true } = {}) {
  checkNode();
  installDependencies();
  if (build) compile();
}

function checkNode() {
  const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const [major, minor] = /(\d+)\.(\d+)/u.exec(engines.node).slice(1).map(Number);
  const [haveMajor, haveMinor] = process.versions.node.split('.').map(Number);
  if (haveMajor > major || (haveMajor === major && haveMinor >= minor)) return;
  throw new SetupError(`Node ${major}.${minor} or newer is needed, this is ${process.versions.node}`);
}

// --- dependencies ---

function installDependencies() {
  const wanted = dependencyState();
  if (existsSync(DEPENDENCY_STAMP) && readFileSync(DEPENDENCY_STAMP, 'utf8') === wanted) return;
  if (which('npm') === undefined)
    throw new SetupError('npm is needed and is not on the PATH; install it (Debian: apt-get install npm)');
  const untouched = existsSync(join(ROOT, 'node_modules', '.package-lock.json')) && treeMatchesLock();
  if (!untouched) {
    say('installing dependencies (npm ci)');
    // The install scripts run afterwards, one by one: so a missing compiler is noticed and mended, not fatal.
    npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund'], 'npm ci failed; the lines above say why');
  }
  provideSqlite();
  writeFileSync(DEPENDENCY_STAMP, wanted);
}

function dependencyState() {
  const lock = createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .digest('hex');
  return `${JSON.stringify({ lock, abi: process.versions.modules, arch: process.arch })}\n`;
}

// A tree that someone installed with npm itself is kept when every locked package is there in its version.
function treeMatchesLock() {
  const packagesOf = (path) => Object.entries(JSON.parse(readFileSync(join(ROOT, path), 'utf8')).packages);
  const present = new Map(
    packagesOf('node_modules/.package-lock.json').map(([path, entry]) => [path, entry.version]),
  );
  return packagesOf('package-lock.json').every(
    ([path, entry]) => path === '' || entry.optional === true || present.get(path) === entry.version,
  );
}

function npm(args, failure, env = {}) {
  const result = spawnSync('npm', args, {
    cwd: ROOT,
    stdio: ['ignore', 2, 2],
    env: { ...process.env, ...headersEnvironment(), ...env },
  });
  if (result.status !== 0) throw new SetupError(failure);
}

// node-gyp downloads Node's headers unless it is shown a copy: official builds carry one beside the binary,
// Debian's
// libnode-dev puts it under /usr/include/nodejs.
function headersEnvironment() {
  const beside = dirname(dirname(process.execPath));
  if (process.env.npm_config_nodedir !== undefined) return {};
  if (existsSync(join(beside, 'include', 'node', 'node_api.h'))) return { npm_config_nodedir: beside };
  if (existsSync('/usr/include/nodejs/src/node_api.h') || existsSync('/usr/include/nodejs/node_api.h')) {
    return { npm_config_nodedir: '/usr/include/nodejs' };
  }
  return {};
}

function sqliteLoads() {
  const probe = "new (require('better-sqlite3'))(':memory:').prepare('select 1').get()";
  return spawnSync(process.execPath, ['-e', probe], { cwd: ROOT, stdio: 'ignore' }).status === 0;
}

function provideSqlite() {
  if (sqliteLoads()) return;
  const folder = join(ROOT, 'node_modules', 'better-sqlite3');
  const prebuilt = join(ROOT, 'node_modules', 'prebuild-install', 'bin.js');
  say('fetching the prebuilt SQLite binary');
  const fetched = spawnSync(process.execPath, [prebuilt], { cwd: folder, stdio: 'ignore', timeout: 120_000 });
  if (fetched.status === 0 && sqliteLoads()) return;
  say('there is none to be had here: compiling SQLite (one to three minutes)');
  const env = compilerEnvironment();
  const gyp = nodeGyp();
  const built = spawnSync(process.execPath, [gyp, 'rebuild', '--release'], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, ...headersEnvironment(), ...env },
  });
  if (built.status === 0 && sqliteLoads()) return;
  const log = join(ROOT, 'node_modules', '.sqlite-build.log');
  writeFileSync(log, `${built.stdout}\n${built.stderr}`);
  throw new SetupError(
    `better-sqlite3 could not be compiled; the compiler's words are in ${relative(ROOT, log)}.\n` +
      `It needs a C++ compiler and Node's headers: ${installCommand(COMPILER_PACKAGES)}` +
      (headersEnvironment().npm_config_nodedir === undefined ? ' libnode-dev' : ''),
  );
}

// npm's own copy of node-gyp: beside npm in every packaging, but Debian keeps it as a package of its own.
function nodeGyp() {
  const npmRoot = spawnSync('npm', ['root', '--global'], { encoding: 'utf8' }).stdout.trim();
  const places = [
    join(npmRoot, 'npm', 'node_modules', 'node-gyp', 'bin', 'node-gyp.js'),
    join(
      dirname(dirname(process.execPath)),
      'lib',
      'node_modules',
      'npm',
      'node_modules',
      'node-gyp',
      'bin',
      'node-gyp.js',
    ),
    '/usr/share/nodejs/node-gyp/bin/node-gyp.js',
  ];
  const found = places.find((path) => existsSync(path));
  if (found === undefined)
    throw new SetupError('npm has no node-gyp beside it; run: npm install --global node-gyp');
  return found;
}

function compilerEnvironment() {
  if (['g++', 'make'].every((program) => which(program) !== undefined) && pythonServes()) return {};
  if (installSystemWide(COMPILER_PACKAGES)) return {};
  const root = unpackAsUser('compiler', COMPILER_PACKAGES, { complete: true });
  if (root === undefined) {
    throw new SetupError(
      `a C++ compiler, make and python3 are needed and could not be installed; run: ${installCommand(COMPILER_PACKAGES)}`,
    );
  }
  return unpackedCompiler(root);
}

// Debian's python3-minimal has the program and lacks modules that node-gyp imports.
function pythonServes() {
  const imports = ['-c', 'import shlex, sysconfig, subprocess'];
  return which('python3') !== undefined && spawnSync('python3', imports, { stdio: 'ignore' }).status === 0;
}

// The unpacked compiler looks for headers and libraries in its own root; each program gets a wrapper, so that
// its
// libraries never reach Node itself.
function unpackedCompiler(root) {
  const bin = join(root, 'usr', 'bin');
  const libraries = libraryFolders(root);
  const programs = readdirSync(bin);
  const compilerOf = (name) =>
    programs.find((program) => new RegExp(`^[a-z0-9_]+-linux-gnu-${name}-\\d+$`, 'u').test(program));
  const gcc = compilerOf('gcc');
  const gxx = compilerOf('g\\+\\+');
  const python = programs.find((program) => /^python3\.\d+$/u.test(program));
  if (gcc === undefined || gxx === undefined || python === undefined) {
    throw new SetupError(`the unpacked compiler is incomplete; run: ${installCommand(COMPILER_PACKAGES)}`);
  }
  const args = [`--sysroot=${root}`, `-B${bin}`];
  for (const name of ['gcc', 'cc']) writeWrapper(name, join(bin, gcc), { libraries, args });
  for (const name of ['g++', 'c++']) writeWrapper(name, join(bin, gxx), { libraries, args });
  for (const name of ['as', 'ld', 'ar', 'ranlib', 'nm', 'strip']) {
    const program = programs.includes(name) ? name : compilerOf(name);
    if (program !== undefined) writeWrapper(name, join(bin, program), { libraries });
  }
  writeWrapper('make', join(bin, 'make'), { libraries });
  // Debian's own node-gyp keeps its Python part in the system's folder: the system's python3, where there is
  // one, knows it.
  const systemPython = pythonServes() ? which('python3') : undefined;
  if (systemPython === undefined) writeWrapper('python3', join(bin, python), { libraries });
  const tools = join(TOOLS, 'bin');
  return {
    PATH: `${tools}${delimiter}${process.env.PATH ?? ''}`,
    CC: join(tools, 'gcc'),
    CXX: join(tools, 'g++'),
    AR: join(tools, 'ar'),
    ...nodeLibrary(),
    npm_config_python: systemPython ?? join(tools, 'python3'),
    PYTHON: systemPython ?? join(tools, 'python3'),
  };
}

// Debian's Node is a small program over a shared library that addons link to, and it is the machine's, not
// the sysroot's.
function nodeLibrary() {
  const places = libraryFolders('/').map((folder) => join(folder, 'libnode.so'));
  const library = places.find((path) => existsSync(path));
  if (library === undefined) return {};
  const folder = join(TOOLS, 'lib');
  mkdirSync(folder, { recursive: true });
  const link = join(folder, 'libnode.so');
  rmSync(link, { force: true });
  symlinkSync(library, link);
  return { LDFLAGS: `-L${folder}` };
}

// --- build ---

function compile() {
  const wanted = sourceState();
  if (existsSync(BUILD_STAMP) && readFileSync(BUILD_STAMP, 'utf8') === wanted) return;
  say('compiling src/ into dist/');
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  if (!existsSync(compiler)) throw new SetupError('the TypeScript compiler is not installed; run: npm ci');
  rmSync(BUILD_STAMP, { force: true });
  const result = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
    cwd: ROOT,
    stdio: ['ignore', 2, 2],
  });
  if (result.status !== 0) throw new SetupError('src/ does not compile; the lines above say where');
  removeOrphans();
  mkdirSync(dirname(BUILD_STAMP), { recursive: true });
  writeFileSync(BUILD_STAMP, wanted);
}

function filesUnder(folder) {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  if (files.length > MODULE_MAX)
    throw new SetupError(`${relative(ROOT, folder)} holds more than ${MODULE_MAX} files`);
  return files.map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

function sourceState() {
  const hash = createHash('sha256');
  const files = [
    join(ROOT, 'tsconfig.json'),
    join(ROOT, 'tsconfig.build.json'),
    ...filesUnder(join(ROOT, 'src')).sort(),
  ];
  for (const file of files) {
    const { mtimeMs, size } = statSync(file);
    hash.update(`${relative(ROOT, file)} ${size} ${mtimeMs}\n`);
  }
  return `${hash.digest('hex')}\n`;
}

// What was compiled from a source that is gone would still be imported by name.
function removeOrphans() {
  const dist = join(ROOT, 'dist');
  for (const file of filesUnder(dist)) {
    const source = join(ROOT, 'src', relative(dist, file)).replace(/\.js(\.map)?$/u, '.ts');
    if (/\.js(\.map)?$/u.test(file) && !existsSync(source) && !existsSync(`${source}x`)) rmSync(file);
  }
}

/** Runs `work`; a {@link SetupError} becomes its message and exit status 1, anything else keeps its stack. */
export function orExplain(work) {
  try {
    work();
    return true;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(`setup failed: ${error.message}`);
    process.exitCode = 1;
    return false;
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  orExplain(() => setUp({ build: !process.argv.includes('--no-build') }));
}
