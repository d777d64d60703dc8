import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createFakeRunpod, FAKE_KEY, type FakeRunpod, serveRunpod } from './fake-runpod.ts';

/** A folder of a test's own, and an account at RunPod that is played for it. */
export interface RunpodBench {
  readonly folder: string;
  readonly runpod: FakeRunpod;
  readonly url: string;
  /** The environment by which the command line finds the account. */
  keyed(key?: string): Record<string, string>;
  close(): Promise<void>;
}

export async function openRunpodBench(name: string): Promise<RunpodBench> {
  const folder = mkdtempSync(path.join(tmpdir(), `spillway-${name}-`));
  const runpod = createFakeRunpod();
  const server = await serveRunpod(runpod);
  return {
    ...{ folder, runpod, url: server.url },
    keyed: (key = FAKE_KEY) => ({ RUNPOD_API_KEY: key, RUNPOD_API_BASE_URL: server.url }),
    async close() {
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
