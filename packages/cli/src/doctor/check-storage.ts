import path from 'node:path';
import { CliError } from '../cli-error.ts';
import { bucketText, findBucketProblem, readBucketSettings } from '../storage/bucket-context.ts';
import type { Finding } from './finding.ts';

/** Where a gateway of this environment would keep artifacts, and whether it could. */
export async function checkStorage(dataDir: string): Promise<Finding> {
  const name = 'storage';
  try {
    const settings = await readBucketSettings();
    if (!settings) return { name, status: 'ok', detail: path.join(dataDir, 'artifacts') };
    const problem = await findBucketProblem(settings);
    if (problem === undefined)
      return { name, status: 'ok', detail: `${bucketText(settings)} takes the credentials` };
    const remedy = '`spillway storage status` looks closer';
    return { name, status: 'missing', detail: problem, remedy };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const remedy = 'docs/storage.md lists the variables of each provider';
    return { name, status: 'missing', detail: error.message, remedy };
  }
}
