import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '../../../src/adapters/logging/pino-log.ts';
import { findRunningServer } from '../../../src/cli/running-server.ts';
import { readConfig } from '../../../src/config/config.ts';
import { startTurnkeeper } from '../../../src/turnkeeper.ts';

/** The whole program in this process, on free ports and a database of its own. */
export interface ServedProduct {
  /** Where HTTP is, without a path. */
  readonly url: string;
  readonly port: number;
  /** Where phones send their requests. */
  readonly sip: { readonly host: string; readonly port: number };
  /** An administrator's API key with every scope. */
  readonly token: string;
  readonly administrator: { readonly name: string; readonly password: string };
  readonly dataDirectory: string;
  /** Called with every line of the log, JSON text. */
  onLogLine: (line: string) => void;
  /** Asks the API as administrator; the answer whatever its status. */
  readonly ask: (method: string, path: string, body?: unknown) => Promise<Response>;
  /** As `ask`, its JSON. @throws Error for any status but 2xx. */
  readonly json: <T>(method: string, path: string, body?: unknown) => Promise<T>;
  readonly close: () => Promise<void>;
}

/** Starts the program. It reaches this machine only: a request to elsewhere fails as a dead network does. */
export async function serveProduct(options: {
  /** YAML. */
  readonly document: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Default: everything. */
  readonly logLevel?: 'debug' | 'error';
}): Promise<ServedProduct> {
  const folder = mkdtempSync(join(tmpdir(), 'turnkeeper-http-'));
  const documentPath = join(folder, 'document.yaml');
  writeFileSync(documentPath, options.document);
  const rtpPortMin = 40_000 + 2 * Math.floor(Math.random() * 8000);
  const config = readConfig(
    {
      TURNKEEPER_DATA: join(folder, 'data'),
      TURNKEEPER_DOCUMENT: documentPath,
      TURNKEEPER_HTTP_PORT: '0',
      TURNKEEPER_SIP_PORT: '0',
      TURNKEEPER_RTP_PORT_MIN: String(rtpPortMin),
      TURNKEEPER_RTP_PORT_MAX: String(rtpPortMin + 99),
      ...options.environment,
    },
    process.cwd(),
  );
  const restoreFetch = keepFetchOnThisMachine();
  const destination = { write: (line: string): void => product.onLogLine(line) };
  let product = { onLogLine: (): void => undefined } as Pick<ServedProduct, 'onLogLine'> as ServedProduct;
  const log = createLog({ level: options.logLevel ?? 'debug', destination });
  const started = await startTurnkeeper({ config, environment: {}, log, version: '1.2.3' }).catch(
    (error: unknown) => {
      rmSync(folder, { recursive: true, force: true });
      restoreFetch();
      throw error;
    },
  );
  const token = findRunningServer(config.dataDirectory)?.token ?? '';
  const url = started.httpUrl;
  const ask: ServedProduct['ask'] = (method, path, body) =>
    fetch(url + path, {
      method,
      headers: { 'x-api-key': token, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  product = {
    url,
    port: Number(new URL(url).port),
    sip: started.sipAddress ?? { host: '127.0.0.1', port: 0 },
    token,
    administrator: started.administrator ?? { name: '', password: '' },
    dataDirectory: config.dataDirectory,
    onLogLine: product.onLogLine,
    ask,
    json: async <T>(method: string, path: string, body?: unknown): Promise<T> => {
      const answer = await ask(method, path, body);
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
      return JSON.parse(text) as T;
    },
    close: async () => {
      await started.close();
      restoreFetch();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return product;
}

/** Nothing that a test makes the program send may reach somebody. @returns how to take it back. */
function keepFetchOnThisMachine(): () => void {
  const real = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const { hostname } = new URL(input instanceof Request ? input.url : String(input));
    if (hostname === '127.0.0.1' || hostname === 'localhost') return await real(input, init);
    throw new TypeError('fetch failed', { cause: new Error(`${hostname} is not this machine`) });
  };
  return () => {
    globalThis.fetch = real;
  };
}
