import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isDetectResult } from '../defects.ts';
import { uniqueNames } from '../unique-names.ts';
import type { Outcome } from './run-jobs.ts';
import { fetchedResults } from './run-video.ts';

/**
 * Files of a run in `folder`: the job's reply as JSON for each input, and for a picture with measured defects an
 * annotated PNG. Returns the paths of all, those of a video's results too, which are there by now, in the order of the
 * inputs.
 */
export async function saveResults(folder: string, outcomes: readonly Outcome[]): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const files: string[] = [];
  const names = uniqueNames(outcomes.map(({ input }) => input.label));
  for (const [index, { input, job }] of outcomes.entries()) {
    const name = names[index] ?? String(index);
    if (job === undefined) continue;
    const json = path.join(folder, `${name}.json`);
    await writeFile(json, `${JSON.stringify(job, null, 2)}\n`);
    files.push(json);
    if (input.videoFile !== undefined) files.push(...fetchedResults(job));
    if (input.imageFile === undefined || !isDetectResult(job.output)) continue;
    const png = path.join(folder, `${name}.png`);
    const { annotatePicture } = await import('@spillway/workers/annotate');
    await writeFile(png, await annotatePicture(await readFile(input.imageFile), job.output));
    files.push(png);
  }
  return files;
}
