import type { lookup as systemLookup } from 'node:dns';
import { hostname } from 'node:os';
import path from 'node:path';
import { signJob, signV1 } from '@spillway/sdk/signing';
import { runHandler } from '@spillway/sdk/worker';
import { expect } from 'vitest';
import { startClip } from '../src/clip/worker.ts';
import { startPodServer } from '../src/pod/pod-server.ts';
import { startPictureServer } from './fixtures/picture-server.ts';

export const SECRET = 'test-secret';
export const OLD_SECRET = 'test-secret-of-before';

/** What names stand for, at each question the next; the last one stays. */
const NAMES: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'pictures.test': [['127.0.0.1']],
  'inside.test': [['10.9.8.7']],
  'both.test': [['93.184.216.34', '10.9.8.7']],
  'six.test': [['fd00::7']],
  'changes.test': [['127.0.0.1'], ['10.9.8.7']],
};
const asked = new Map<string, number>();

const lookup = ((name: string, _options: object, answer: (error: Error | null, found: object[]) => void) => {
  const times = asked.get(name) ?? 0;
  asked.set(name, times + 1);
  const answers = NAMES[name];
  const found = answers?.[Math.min(times, answers.length - 1)];
  if (!found) return answer(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }), []);
  answer(
    null,
    found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
  );
}) as unknown as typeof systemLookup;

/** Paths, stacks, host names, resolved addresses, libraries. */
const INSIDE = [
  path.resolve(import.meta.dirname, '../../..'),
  hostname(),
  ...['node_modules', '.ts:', '    at ', 'Error:', '/srv/', '10.9.8.7', 'fd00::7', 'ECONN', 'ENOTFOUND'],
  ...['vips', 'sharp', 'onnx', 'getaddrinfo', SECRET],
];

export type Fields = Record<string, unknown>;

export interface Outcome {
  readonly status: number | string;
  readonly code: string | undefined;
  readonly message: string;
  readonly text: string;
}

export function expectNothingOfTheInside({ text }: Outcome): void {
  expect(INSIDE.filter((word) => text.includes(word))).toEqual([]);
}

/**
 * The clip worker as users reach it, by jobs and by its own HTTP routes, with a server of pictures of which it may
 * fetch, and names that lead where a test wants them to.
 */
export async function openClipBench() {
  const pictures = await startPictureServer();
  const env = {
    ...{ EMBEDDING_HMAC_SECRET: SECRET, EMBEDDING_HMAC_SECRET_PREVIOUS: OLD_SECRET },
    // The bench's own server, and nothing else of the inside.
    SPILLWAY_ALLOW_PRIVATE_URLS: '127.0.0.1',
    // Long enough for what comes whole on a machine that is busy with others.
    ...{ CLIP_DOWNLOAD_MAX_MB: '1', CLIP_DOWNLOAD_TIMEOUT_S: '4' },
  };
  let calls = 0;
  const worker = await startClip({ env, warn: () => {} }, { lookup });
  const pod = await startPodServer({
    ...{ name: 'clip', settings: { host: '127.0.0.1', port: 0, apiKey: undefined } },
    newId: () => `call-${++calls}`,
    onError: () => {},
  });
  pod.ready(worker);

  async function post(route: string, body: unknown): Promise<Outcome> {
    const reply = await fetch(`${pod.url}${route}`, { method: 'POST', body: JSON.stringify(body) });
    const text = await reply.text();
    const { error } = JSON.parse(text) as { error?: { code: string; message: string } };
    return { status: reply.status, code: error?.code, message: error?.message ?? '', text };
  }

  const postSigned = (route: string, body: Fields) =>
    post(route, { ...body, auth: signV1({ method: 'POST', path: route, body }, { secret: SECRET }) });

  async function job(input: Fields): Promise<Outcome> {
    const run = await runHandler(worker.handler, input, { endpoint: 'clip', jobId: `job-${++calls}` });
    const output = run.output as { code?: string; error?: string } | undefined;
    const isAuth = output?.error === 'Authentication failed';
    return {
      status: run.status,
      code: isAuth ? 'AUTH_FAILED' : output?.code,
      message: run.error ?? '',
      text: JSON.stringify({ output: run.output, error: run.error }),
    };
  }

  const jobSigned = (input: Fields) => job({ ...input, auth: signJob('clip', input, { secret: SECRET }) });

  return {
    ...{ pictures, post, postSigned, job, jobSigned },
    url: pod.url,
    /** How often each name was asked for. */
    asked,
    /** The URL of one of the server's files. */
    at: (file: string, host = 'pictures.test') => `http://${host}:${pictures.port}/${file}`,
    /** The same picture by each way that there is. */
    async byEveryWay(image_url: string): Promise<Outcome[]> {
      const item = { image_url, request_id: 'r' };
      const outcomes = await Promise.all([jobSigned(item), postSigned('/v1/embed/image', item)]);
      for (const outcome of outcomes) expectNothingOfTheInside(outcome);
      return outcomes;
    },
    async close(): Promise<void> {
      await pod.stop();
      await worker.stop();
      pictures.stop();
    },
  };
}
