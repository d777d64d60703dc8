import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { parseConfig } from '../src/config/index.ts';
import { createGateway, type Gateway } from '../src/gateway.ts';

export const ADMIN_KEY = 'spk_key-of-the-tests';
const WORKER = path.join(import.meta.dirname, 'fixtures/http-worker.mjs');

export interface LbGateway {
  readonly gateway: Gateway;
  readonly url: string;
  /** A folder of this gateway's own, also for files that workers wait for. */
  readonly folder: string;
  /** Calls it with the admin key. */
  call(path: string, init?: RequestInit & { duplex?: 'half' }): Promise<Response>;
  health(endpoint?: string): Promise<{ jobs: Record<string, number>; workers: Record<string, number> }>;
  stop(): Promise<void>;
}

/** A gateway on a free port with a load-balancing endpoint `web`, whose further lines are given, and `more` endpoints. */
export async function startLbGateway(lines: readonly string[] = [], more = ''): Promise<LbGateway> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'spillway-lb-'));
  const web = [
    'type: LOAD_BALANCER',
    `command: [${JSON.stringify(process.execPath)}, ${JSON.stringify(WORKER)}]`,
    'healthCheckInterval: 100ms',
    ...lines.map((line) => line.replaceAll('FOLDER', folder)),
  ];
  const yaml = `listen: 127.0.0.1:0\ndata: ./data\nendpoints:\n  web:\n${web.map((line) => `    ${line}\n`).join('')}${more}`;
  const parsed = parseConfig(yaml, { path: path.join(folder, 'spillway.yaml'), env: {}, builtInWorkers: {} });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const log = pino({ level: process.env.SPILLWAY_TEST_LOG ?? 'silent' });
  const gateway = createGateway({ config: parsed.config, adminKey: ADMIN_KEY, log });
  await gateway.start();
  const call: LbGateway['call'] = (target, init = {}) =>
    fetch(`${gateway.url}${target}`, {
      redirect: 'manual',
      ...init,
      headers: { authorization: `Bearer ${ADMIN_KEY}`, ...(init.headers as Record<string, string>) },
    });
  return {
    gateway,
    url: gateway.url,
    folder,
    call,
    health: async (endpoint = 'web') => {
      const reply = await call(`/v2/${endpoint}/health`);
      return (await reply.json()) as { jobs: Record<string, number>; workers: Record<string, number> };
    },
    async stop() {
      await gateway.stop();
      await rm(folder, { recursive: true });
    },
  };
}

export interface RawReply {
  readonly status: number;
  readonly rawHeaders: readonly string[];
  readonly text: string;
}

/** A request that is not tidied up by fetch: any method, header spelling and path. */
export function rawCall(url: string, options: http.RequestOptions & { body?: string }): Promise<RawReply> {
  const { body, ...more } = options;
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const request = http.request({ hostname, port, agent: false, ...more }, async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk);
      const { statusCode: status = 0, rawHeaders } = response;
      resolve({ status, rawHeaders, text: Buffer.concat(chunks).toString() });
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** Resolves as soon as `holds` does; the test's own time limit ends a wait that is in vain. */
export async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10));
}
