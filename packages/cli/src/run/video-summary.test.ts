import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { type VideoOutput, videoSummary } from './video-summary.ts';

const shares = (...list: number[]) => list.map((share, at) => ({ level: at + 1, share }));
const output: VideoOutput = {
  job_id: 'job-7',
  summary: {
    seconds: { total: 14, scored: 12.5 },
    worse_side: {
      ...{
        rula: shares(0.1, 0.65, 0.2, 0.05),
        reba: [{ level: 0, share: 0.5 }, ...shares(0, 0.41, 0.09, 0)],
      },
      ...{ highest_rula: 7, highest_reba: 8 },
    },
    owas: shares(0.6, 0.3, 0.1, 0),
    worst_moments: [{ from: 71.74, to: 73, side: 'right', rula: 7, reba: 8 }],
    niosh: [
      { name: 'pallet', LI: 1.28777, risk: 'increased' },
      { name: null, LI: null, risk: 'high' },
    ],
  },
  warnings: ['The video is damaged.', 'Made with demo models.'],
  results: [
    '/out/walk/ergonomics.json',
    '/out/walk/ergonomics.pdf',
    '/out/walk/moment_1.jpg',
    '/out/walk/overlay.mp4',
  ],
};
const text = (value: VideoOutput) => stripVTControlCharacters(videoSummary(value)).split('\n');

test('a video is summed up by its scores, its notes in full, and where its results are', () => {
  expect(text(output)).toEqual([
    'scored   12.5 s of 14.0 s',
    'RULA     highest 7 (change now); 5 or more for 25 % of the time',
    'REBA     highest 8 (high); 8 or more for 9 % of the time',
    'OWAS     highest 3 (as soon as possible), 10 % of the time',
    'worst    1:11.7 to 1:13.0: RULA 7, REBA 8, right side',
    'NIOSH    pallet: lifting index 1.29 (increased risk)',
    '         lift 2: no load is recommended',
    'note     The video is damaged.',
    '         Made with demo models.',
    'results  /out/walk/: json, pdf, overlay.mp4, 1 picture of worst moments',
  ]);
});

test('results that were not fetched are told with how to get them', () => {
  const { summary: _none, ...rest } = output;
  const [last] = text({ ...rest, warnings: [], results: ['ergonomics.pdf'] });
  expect(last).toBe('results  pdf (job job-7; --out <dir> fetches them)');
});
