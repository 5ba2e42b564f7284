/**
 * A promise and what settles it: the named event a test waits for. (Node 20 has no `Promise.withResolvers`.)
 */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

export function deferred<T = void>(): Deferred<T> {
  let resolve: ((value: T) => void) | undefined;
  let reject: ((reason: unknown) => void) | undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  if (resolve === undefined || reject === undefined) throw new Error('unreachable');
  return { promise, resolve, reject };
}
