import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { RunpodEndpoint } from '@spillway/sdk/runpod';
import { z } from 'zod';
import { CliError } from '../cli-error.ts';

/**
 * What was deployed from this machine, a file an endpoint in the data directory, only for its owner: it holds what
 * endpoints were before, values of their environments included. Nothing needs it but undo: without it, resources are found
 * by their names.
 */
export interface Deployed {
  /** Epoch milliseconds. */
  readonly at: number;
  /** How the endpoint was; null where there was none. */
  readonly before: RunpodEndpoint | null;
  /** How it was left; null where it was taken away. */
  readonly after: RunpodEndpoint | null;
}

export interface DeploymentLog {
  /** An endpoint that was being created when this was written; its id may never have arrived here. */
  readonly pending?: { readonly name: string; readonly startedAt: number };
  /** The newest last. */
  readonly history: readonly Deployed[];
}

const LONGEST_HISTORY = 20;

const endpoint = z.looseObject({ id: z.string(), name: z.string() }).nullable();
const schema = z.object({
  version: z.literal(1),
  pending: z.object({ name: z.string(), startedAt: z.number() }).optional(),
  history: z.array(z.object({ at: z.number(), before: endpoint, after: endpoint })),
});

const fileOf = (dataDir: string, name: string) => path.join(dataDir, 'deployments', `${name}.json`);

/** @throws CliError for a file that is damaged: guessing would undo the wrong thing. */
export async function readDeploymentLog(dataDir: string, name: string): Promise<DeploymentLog> {
  const file = fileOf(dataDir, name);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { history: [] };
    throw error;
  }
  try {
    return schema.parse(JSON.parse(text)) as unknown as DeploymentLog;
  } catch {
    throw new CliError(
      'BAD_RECORD',
      `${file} can't be read as a record of deployments; move it away to go on without undo`,
    );
  }
}

export async function writeDeploymentLog(dataDir: string, name: string, log: DeploymentLog): Promise<void> {
  const file = fileOf(dataDir, name);
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const history = log.history.slice(-LONGEST_HISTORY);
  const text = JSON.stringify({ version: 1, ...log, history }, null, 2);
  await writeFile(`${file}.new`, `${text}\n`, { mode: 0o600, flush: true });
  await rename(`${file}.new`, file);
}
