// Where vectors come from: the gateway that SPILLWAY_URL names, or one of this program's own that ends with it.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createGateway, formatProblems, type Gateway, loadConfig } from '@spillway/gateway';
import { createClient } from '@spillway/sdk/client';
import { builtInWorkers } from '@spillway/workers';
import { pino } from 'pino';
import { type ClipClient, createClipClient } from './clip-client.ts';

const ENDPOINT = 'clip';

export interface OpenClip {
  readonly client: ClipClient;
  close(): Promise<void>;
}

/** @throws Error with a sentence. */
export async function openClip(onNote: (sentence: string) => void): Promise<OpenClip> {
  const { SPILLWAY_URL: url, SPILLWAY_API_KEY: apiKey, EMBEDDING_HMAC_SECRET: secret } = process.env;
  const onWait = tellOnce(onNote);
  if (url) {
    if (!apiKey) throw new Error('SPILLWAY_API_KEY is not set; it goes with SPILLWAY_URL');
    const baseUrl = `${url.replace(/\/+$/, '').replace(/\/v2$/, '')}/v2`;
    const endpoint = createClient({ baseUrl, apiKey }).endpoint(ENDPOINT);
    return {
      client: createClipClient({ endpoint, endpointName: ENDPOINT, secret, onWait }),
      close: async () => {},
    };
  }
  return startOwn(onNote, onWait);
}

async function startOwn(
  onNote: (sentence: string) => void,
  onWait: (reason: string) => void,
): Promise<OpenClip> {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'spillway-search-'));
  const secret = randomBytes(32).toString('hex');
  const remove = () => rm(dataDir, { recursive: true, force: true });
  try {
    const gateway = await startGateway(dataDir, secret);
    onNote(`gateway at ${gateway.url}; it starts a clip worker`);
    const client = createClient({ baseUrl: `${gateway.url}/v2`, apiKey: gateway.adminKey.secret });
    return {
      client: createClipClient({
        endpoint: client.endpoint(ENDPOINT),
        endpointName: ENDPOINT,
        secret,
        onWait,
      }),
      async close() {
        await gateway.stop();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** The example's own spillway.yaml, but on a free port and with a secret that nobody else has. */
async function startGateway(dataDir: string, secret: string): Promise<Gateway> {
  const file = path.join(import.meta.dirname, 'spillway.yaml');
  const env = { ...process.env, EMBEDDING_HMAC_SECRET: secret };
  const result = await loadConfig(file, { env, builtInWorkers });
  if (!result.ok) throw new Error(formatProblems(file, result.problems));
  const endpoints = result.config.endpoints.map((one) => ({ ...one, env: { ...one.env, ...modelChoice() } }));
  const config = { ...result.config, endpoints, listen: { host: '127.0.0.1', port: 0 }, dataDir };
  const gateway = createGateway({ config, log: pino({ level: 'error' }, process.stderr) });
  await gateway.start();
  return gateway;
}

/** Workers get the environment of their endpoint, not ours. */
function modelChoice(): Record<string, string> {
  const { CLIP_MODEL, SPILLWAY_MODELS_DIR } = process.env;
  return { ...(CLIP_MODEL ? { CLIP_MODEL } : {}), ...(SPILLWAY_MODELS_DIR ? { SPILLWAY_MODELS_DIR } : {}) };
}

function tellOnce(onNote: (sentence: string) => void): (reason: string) => void {
  let isTold = false;
  return (reason) => {
    if (!isTold) onNote(reason);
    isTold = true;
  };
}
