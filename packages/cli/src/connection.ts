import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { CliError, EXIT } from './cli-error.ts';
import { CONFIG_FILE, readConfig } from './read-config.ts';

/**
 * Which gateway a command talks to, and with which key. What the environment says goes first; else the data directory
 * of a gateway on this machine tells both, and where none runs the file says where it would listen.
 */
export interface Connection {
  /** Origin, without a slash at its end. */
  readonly url: string;
  readonly key: string;
}

export interface ConnectionOptions {
  /** `--data` */
  readonly data?: string;
  /** `--config`, of commands that read the file: its gateway is meant, and not that of this folder. */
  readonly config?: string;
}

const DEFAULT_URL = 'http://127.0.0.1:8080';

/** @throws CliError when no key is to be found, or the address is none. */
export async function resolveConnection(
  options: ConnectionOptions,
  env: NodeJS.ProcessEnv = process.env,
  folder = process.cwd(),
): Promise<Connection> {
  const { dataDir, listenUrl } =
    options.data === undefined
      ? await localGateway(folder, options.config)
      : { dataDir: path.resolve(folder, options.data), listenUrl: undefined };
  const url = checkUrl(env.SPILLWAY_URL || (await runningUrl(dataDir)) || listenUrl || DEFAULT_URL);
  if (env.SPILLWAY_API_KEY) return { url, key: env.SPILLWAY_API_KEY };
  if (!isLoopback(url)) {
    // This machine's admin key is no business of another machine.
    throw new CliError('NO_KEY', `set SPILLWAY_API_KEY to a key of the gateway at ${url}`, EXIT.wrongUse);
  }
  if (env.SPILLWAY_ADMIN_KEY) return { url, key: env.SPILLWAY_ADMIN_KEY };
  const key = await readText(path.join(dataDir, 'admin.key'));
  if (key) return { url, key };
  throw new CliError(
    'NO_KEY',
    `no key for the gateway at ${url}: ${path.join(dataDir, 'admin.key')} is not there. Start a gateway here with \`spillway up\`, name its data directory with --data, or set SPILLWAY_API_KEY`,
    EXIT.wrongUse,
  );
}

interface LocalGateway {
  readonly dataDir: string;
  /** Where it listens once it runs; absent where nothing says so. */
  readonly listenUrl: string | undefined;
}

/** What the file that was named or ./spillway.yaml says, else ./.spillway. */
async function localGateway(folder: string, named: string = CONFIG_FILE): Promise<LocalGateway> {
  const fallback = { dataDir: path.join(folder, '.spillway'), listenUrl: undefined };
  const file = path.resolve(folder, named);
  if (!existsSync(file)) return fallback;
  const result = await readConfig({ file, folder });
  // What is wrong with the file is for `up` to say; a gateway cannot have started with it.
  if (!result.ok) return fallback;
  return { dataDir: result.config.dataDir, listenUrl: urlOf(result.config.listen) };
}

/** Undefined for a port that is not known before the start. */
function urlOf({ host, port }: { readonly host: string; readonly port: number }): string | undefined {
  if (port === 0) return undefined;
  // Who listens on every address does so on this one.
  const reachable = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

/** Address of the gateway that holds this data directory now; a killed one may have left its own. */
async function runningUrl(dataDir: string): Promise<string | undefined> {
  try {
    const holder = JSON.parse((await readText(path.join(dataDir, 'gateway.json'))) ?? '') as {
      url?: unknown;
    };
    return typeof holder.url === 'string' ? holder.url : undefined;
  } catch {
    return undefined;
  }
}

function checkUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new CliError(
      'BAD_URL',
      `SPILLWAY_URL: expected an address such as ${DEFAULT_URL}, found "${text}"`,
      EXIT.wrongUse,
    );
  }
  // People bring the base URL of RunPod's clients along, which includes /v2.
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '').replace(/\/v2$/, '');
}

/** Whether an address can be reached from its own machine only. */
export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === 'localhost' || hostname === '[::1]' || /^127\./.test(hostname);
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch {
    return undefined;
  }
}
