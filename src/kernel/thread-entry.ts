/**
 * The URL of a thread's module beside its caller, as TypeScript or built as the caller is.
 * @param name without ending, for example `./sip-server-worker`. @param callerUrl the caller's
 * `import.meta.url`.
 */
export function threadEntry(name: string, callerUrl: string): URL {
  return new URL(`${name}${callerUrl.endsWith('.ts') ? '.ts' : '.js'}`, callerUrl);
}
