import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Outcome } from '../src/run/run-jobs.ts';
import { saveResults } from '../src/run/save-results.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'spillway-results-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const outcome = (label: string, output: unknown, videoFile?: string): Outcome => ({
  input: {
    label,
    ...(videoFile === undefined ? {} : { videoFile }),
    load: async () => ({ input: {}, rest: {} }),
  },
  job: { id: label, status: 'COMPLETED', output },
});

test('all files of a run are named, those that a video’s results came in too', async () => {
  const fetched = ['report.pdf', 'overlay.mp4'].map((name) => path.join(folder, 'lifting', name));
  const files = await saveResults(folder, [
    outcome('input', { results: ['a name of somebody’s own'] }),
    outcome('lifting.mp4', { results: fetched }, '/videos/lifting.mp4'),
  ]);
  const replies = [path.join(folder, 'input.json'), path.join(folder, 'lifting.json')];
  expect(files).toEqual([...replies, ...fetched]);
  expect(JSON.parse(readFileSync(replies[1] ?? '', 'utf8'))).toMatchObject({ id: 'lifting.mp4' });
});
