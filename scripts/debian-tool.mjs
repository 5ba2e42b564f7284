#!/usr/bin/env node
// Finds a Debian tool that the project's tests and screens use, installs it when it is missing, prints its
// path.
//   node scripts/debian-tool.mjs sipp | baresip | curl | chromium        --check only looks, never installs
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  SetupError,
  TOOLS,
  installCommand,
  installSystemWide,
  libraryFolders,
  ran,
  unpackAsUser,
  which,
  writeWrapper,
} from './debian.mjs';

// `works` proves that the program starts, with every shared library it needs: sipp -v ends with 99, as its
// manual says.
const TOOLS_KNOWN = {
  sipp: { packages: ['sip-tester'], programs: ['sipp'], versionArgs: ['-v'] },
  baresip: { packages: ['baresip-core'], programs: ['baresip'], versionArgs: ['-h'] },
  curl: { packages: ['curl'], programs: ['curl'], versionArgs: ['--version'] },
  chromium: {
    packages: ['chromium'],
    programs: ['chromium', 'chromium-browser'],
    versionArgs: ['--version'],
  },
};

/** Path of the tool without installing anything, or undefined. */
export function findDebianTool(name) {
  const tool = TOOLS_KNOWN[name];
  if (tool === undefined)
    throw new SetupError(`no such tool: ${name}; known: ${Object.keys(TOOLS_KNOWN).join(', ')}`);
  const onPath = tool.programs.map(which).find((path) => path !== undefined);
  if (onPath !== undefined) return onPath;
  const unpacked = join(TOOLS, 'bin', name);
  return existsSync(unpacked) ? unpacked : undefined;
}

/**
 * Path of the tool, installed when it was missing. Throws {@link SetupError} with the command to run by hand.
 */
export function provideDebianTool(name) {
  const found = findDebianTool(name);
  if (found !== undefined) return found;
  const { packages, programs, versionArgs } = TOOLS_KNOWN[name];
  if (installSystemWide(packages)) {
    const installed = findDebianTool(name);
    if (installed !== undefined) return installed;
  }
  const root = unpackAsUser(name, packages);
  const program =
    root && programs.map((each) => join(root, 'usr', 'bin', each)).find((path) => existsSync(path));
  if (program !== undefined) {
    const wrapper = writeWrapper(name, program, { libraries: libraryFolders(root) });
    if (!ran('sh', ['-c', `"${wrapper}" ${versionArgs.join(' ')} >/dev/null 2>&1; [ $? -lt 126 ]`])) {
      throw new SetupError(
        `${name} was unpacked under .tools/ but does not start; run: ${installCommand(packages)}`,
      );
    }
    return wrapper;
  }
  throw new SetupError(`${name} is needed and could not be installed; run: ${installCommand(packages)}`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
  const checkOnly = process.argv.includes('--check');
  try {
    if (names.length === 0)
      throw new SetupError('usage: node scripts/debian-tool.mjs sipp|baresip|curl|chromium [--check]');
    for (const name of names) {
      const path = checkOnly ? findDebianTool(name) : provideDebianTool(name);
      if (path === undefined) throw new SetupError(`${name} is not installed`);
      console.log(path);
    }
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
