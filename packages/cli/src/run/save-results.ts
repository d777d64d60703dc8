import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isDetectResult } from '../defects.ts';
import type { Outcome } from './run-jobs.ts';

/**
 * Files of a run in `folder`: the job's reply as JSON for each input, and for a picture with measured defects an
 * annotated PNG. Returns their paths, in the order of the inputs.
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
    if (input.imageFile === undefined || !isDetectResult(job.output)) continue;
    const png = path.join(folder, `${name}.png`);
    const { renderAnnotated } = await import('@spillway/workers/annotate');
    await writeFile(png, await renderAnnotated(await readFile(input.imageFile), job.output));
    files.push(png);
  }
  return files;
}

/** Names without endings; a second `wall` is `wall-2`, so that no result takes the place of another. */
export function uniqueNames(labels: readonly string[]): string[] {
  const taken = new Set<string>();
  return labels.map((label) => {
    const stem = path.parse(label).name || 'result';
    let name = stem;
    for (let number = 2; taken.has(name.toLowerCase()); number += 1) name = `${stem}-${number}`;
    taken.add(name.toLowerCase());
    return name;
  });
}
