import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { InferenceSite } from './site.ts';

/** The peer, a Python process with open_clip on torch's CPU (`open_clip_peer.py`). */
const PEER = path.join(import.meta.dirname, 'open_clip_peer.py');

export interface OpenClip {
  readonly torch: string;
  readonly pid: number;
  readonly threads: number;
  readonly measure: (request: OpenClipRequest) => Promise<number>;
  embeddings(): Promise<readonly (readonly number[])[]>;
  residentBytes(): Promise<number>;
  stop(): Promise<void>;
}

export interface OpenClipRequest {
  readonly batch: number;
  readonly seconds: number;
  /** From the JPEG on; else the model alone. */
  readonly whole: boolean;
}

type Answer = Readonly<Record<string, unknown>>;

export async function startOpenClip({ python, torchWeights, pictures }: InferenceSite): Promise<OpenClip> {
  const child = spawn(python, [PEER, 'serve', torchWeights, pictures], { stdio: ['pipe', 'pipe', 'pipe'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let complaint = '';
  child.stderr.on('data', (data) => {
    complaint = (complaint + String(data)).slice(-600);
  });
  const next = async (): Promise<Answer> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`the open_clip process ended: ${complaint.trim()}`);
    return JSON.parse(value) as Answer;
  };
  const ask = (request: object): Promise<Answer> => {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    return next();
  };
  const { torch, threads } = await next();
  return {
    torch: String(torch),
    pid: child.pid ?? 0,
    threads: Number(threads),
    measure: async (request) => Number((await ask(request)).perSecond),
    embeddings: async () => (await ask({ embed: true })).embeddings as number[][],
    residentBytes: async () => Number((await ask({ memory: true })).residentBytes),
    stop: () => end(child),
  };
}

async function end(child: ChildProcessWithoutNullStreams): Promise<void> {
  if (child.exitCode !== null) return;
  const over = once(child, 'close');
  child.kill('SIGKILL');
  await over;
}

/** Milliseconds from starting the process to its first embedding. */
export async function startOpenClipOnce(site: InferenceSite, picture: string): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(site.python, [PEER, 'first', site.torchWeights, picture], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stderr.resume();
  try {
    const [first] = (await Promise.race([once(child.stdout, 'data'), once(child, 'close')])) as unknown[];
    if (!Buffer.isBuffer(first)) throw new Error(`the open_clip process ended with ${String(first)}`);
    return performance.now() - startedAt;
  } finally {
    await end(child);
  }
}
