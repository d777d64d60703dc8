import { Agent, type IncomingMessage, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { builtInWorkers } from '@spillway/workers';
import type { Server, Stage } from '../jobs/stage.ts';

/** The clip worker as a process of its own, asked over its HTTP face: a JPEG in base64 in, an embedding out. */
export interface ClipWorker {
  /** Keeps so many calls in flight for so long. */
  measure(seconds: number, inFlight: number): Promise<LoadFigures>;
  embed(picture: Buffer): Promise<readonly number[]>;
  info(): Promise<{ readonly eventLoopLagMs: { readonly p99: number; readonly max: number } }>;
  readonly pid: number;
  /** Resolves when the models are loaded. */
  ready(): Promise<void>;
  stop(): Promise<void>;
}

export interface LoadFigures {
  readonly perSecond: number;
  /** Of each call, in milliseconds. */
  readonly latencies: readonly number[];
}

export async function startClipWorker(
  stage: Stage,
  model: string,
  pictures: readonly Buffer[],
): Promise<ClipWorker> {
  const command = builtInWorkers.clip?.command ?? [];
  const env = {
    RUNPOD_SERVERLESS: 'false',
    EMBEDDING_AUTH: 'off',
    CLIP_MODEL: model,
    API_PORT: '0',
    ONNX_PROVIDER: 'cpu',
    ONNX_WARM_UP: 'ready',
  };
  const server = await stage.start(command, { env, ready: /listens at/ });
  const worker = connect(stage, server, pictures);
  await worker.ready();
  return worker;
}

const LOOK_AGAIN_MS = 50;
/** The server ends connections that rest longer, perhaps while the next call is under way. */
const IDLE_CONNECTION_MS = 4_000;

function connect(stage: Stage, server: Server, pictures: readonly Buffer[]): ClipWorker {
  const agent = new Agent({ keepAlive: true, timeout: IDLE_CONNECTION_MS });
  const origin = server.url.replace(/;$/, '');
  const call = (path: string, body?: Buffer) => exchange(agent, origin + path, body);
  const bodies = pictures.map(bodyOf);
  const embed = async (body: Buffer): Promise<readonly number[]> => {
    const answer = await call('/v1/embed/image', body);
    const { embedding } = JSON.parse(answer) as Reply;
    if (embedding === undefined) throw new Error(`the clip worker answered: ${answer}`);
    return embedding;
  };
  return {
    pid: server.pid,
    async ready() {
      while (server.child.exitCode === null) {
        const { status } = JSON.parse(await call('/health')) as { status: string };
        if (status === 'healthy') return;
        await sleep(LOOK_AGAIN_MS);
      }
      throw new Error('the clip worker ended while it was starting');
    },
    embed: (picture) => embed(bodyOf(picture)),
    async measure(seconds, inFlight) {
      const latencies: number[] = [];
      const startedAt = performance.now();
      const endsAt = startedAt + seconds * 1000;
      let next = 0;
      const ask = async () => {
        while (performance.now() < endsAt) {
          const body = bodies[next++ % bodies.length] as Buffer;
          const askedAt = performance.now();
          await embed(body);
          latencies.push(performance.now() - askedAt);
        }
      };
      await Promise.all(Array.from({ length: inFlight }, ask));
      return { perSecond: (latencies.length * 1000) / (performance.now() - startedAt), latencies };
    },
    async info() {
      return (JSON.parse(await call('/info')) as { engine: Awaited<ReturnType<ClipWorker['info']>> }).engine;
    },
    async stop() {
      agent.destroy();
      await stage.end(server);
    },
  };
}

interface Reply {
  readonly embedding?: readonly number[];
}

const bodyOf = (picture: Buffer): Buffer =>
  Buffer.from(JSON.stringify({ image: picture.toString('base64') }));

function exchange(agent: Agent, url: string, body?: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = body ? { 'content-type': 'application/json', 'content-length': body.length } : {};
    const sent = request(url, { agent, method: body ? 'POST' : 'GET', headers });
    sent.once('error', reject);
    sent.once('response', (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    });
    sent.end(body);
  });
}
