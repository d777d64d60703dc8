import type { Anomaly, DetectResult } from '@spillway/workers/detect';
import { table } from './output.ts';
import { durationText } from './text.ts';

export { durationText } from './text.ts';
export { uniqueNames } from './unique-names.ts';

/** Measured defects for people: the table of `spillway run detect` and of the demo. */
export interface DefectPhoto {
  readonly file: string;
  readonly output: DetectResult;
}

/** Whether a job's output is that of the detect worker. */
export function isDetectResult(output: unknown): output is DetectResult {
  if (typeof output !== 'object' || output === null) return false;
  const { anomalies, image_size, models } = output as Partial<DetectResult>;
  return Array.isArray(anomalies) && typeof image_size === 'object' && typeof models === 'object';
}

/** One row a defect. `≥` marks what runs out of the picture, so that its size is a lower bound. */
export function defectTable(photos: readonly DefectPhoto[]): string {
  const hasScale = photos.some(({ output }) =>
    output.anomalies.some(({ geometry }) => geometry.length_mm !== undefined),
  );
  const columns = [
    { title: 'photo' },
    { title: 'defect' },
    { title: 'length px', isNumber: true },
    { title: 'mean width px', isNumber: true },
    { title: 'max width px', isNumber: true },
    ...(hasScale
      ? [
          { title: 'length mm', isNumber: true },
          { title: 'mean width mm', isNumber: true },
        ]
      : []),
    { title: 'orientation', isNumber: true },
    { title: 'confidence', isNumber: true },
  ];
  const rows = photos.flatMap(({ file, output }) => {
    if (output.anomalies.length === 0) return [[file, 'none found', ...columns.slice(2).map(() => '')]];
    return output.anomalies.map((anomaly, index) => [
      index === 0 ? file : '',
      ...defectCells(anomaly, hasScale),
    ]);
  });
  return table(columns, rows);
}

function defectCells({ defect_type, geometry, confidence }: Anomaly, hasScale: boolean): string[] {
  const { length_pixels, width_pixels, max_width_pixels, orientation_degrees, length_mm, width_mm } =
    geometry;
  const least = geometry.touches_border ? '≥ ' : '';
  return [
    defect_type,
    `${least}${length_pixels.toFixed(0)}`,
    width_pixels.toFixed(1),
    max_width_pixels.toFixed(1),
    ...(hasScale ? [`${least}${length_mm?.toFixed(0) ?? '–'}`, width_mm?.toFixed(2) ?? '–'] : []),
    orientation_degrees === null ? '–' : `${orientation_degrees.toFixed(0)}°`,
    confidence.combined.toFixed(2),
  ];
}

/** Where the time of one photo went, milliseconds. */
export interface PhotoTimings {
  /** From the submit to the start of the job: the start of a worker, and other jobs. */
  readonly queueMs: number;
  /** In the worker, decoding and measuring included. */
  readonly executionMs: number;
  readonly detectorMs: number;
  readonly segmenterMs: number;
}

export function timingTable(photos: readonly (DefectPhoto & { readonly timings: PhotoTimings })[]): string {
  const columns = [
    ...[{ title: 'photo' }, { title: 'pixels', isNumber: true }, { title: 'waited', isNumber: true }],
    ...[
      { title: 'ran', isNumber: true },
      { title: 'detector', isNumber: true },
      { title: 'segmenter', isNumber: true },
    ],
  ];
  const rows = photos.map(({ file, output, timings }) => {
    const { width, height } = output.image_size;
    const times = [timings.queueMs, timings.executionMs, timings.detectorMs, timings.segmenterMs];
    return [file, `${width} × ${height}`, ...times.map(durationText)];
  });
  return table(columns, rows);
}

/** Which models made the results, one sentence each; demo models are called what they are. */
export function modelLines(photos: readonly DefectPhoto[]): string[] {
  const cards = photos.flatMap(({ output }) => [output.models.detector, output.models.segmenter]);
  const byId = new Map(cards.map((card) => [card.id, card]));
  const lines = [...byId.values()].map(({ id, contract, variant, licence }) => {
    const about = [contract, variant, licence].filter((part) => part !== undefined);
    return `Model  ${id} (${about.join(', ')})`;
  });
  const hasDemo = cards.some(({ demo }) => demo);
  return hasDemo
    ? [
        ...lines,
        'These are demo models, trained on synthetic pictures: their findings mean nothing on real structures.',
      ]
    : lines;
}
