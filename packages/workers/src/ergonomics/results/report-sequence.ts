import { readPose } from '../pose/layouts.ts';
import type { SequenceInput } from '../schema.ts';
import { scoreSequence } from '../sequence/score-sequence.ts';
import { writeCsv } from './columns.ts';
import { MEDIA_TYPES, type ResultFile, type ResultFormat } from './formats.ts';
import { writeHtml } from './html-report.ts';
import { writeNpz } from './npz.ts';
import { type Plain, writePickle } from './pickle.ts';
import { buildResult, type SequenceResult } from './result.ts';

/** Scores a sequence of keypoints, and writes the forms that were asked for besides the JSON. */
export async function reportSequence(
  input: SequenceInput,
): Promise<SequenceResult & { readonly files: readonly ResultFile[] }> {
  const { layout, frames, observed, settings, formats } = input;
  const is3d = input.dimensions === 3;
  const rule = { minConfidence: settings.min_confidence, is3d };
  const poses = frames.map(({ t, keypoints }) => ({
    t,
    pose: keypoints === null ? {} : readPose(layout, keypoints, rule),
  }));
  // Through JSON once, so that every form holds what the JSON says and nothing else.
  const built = buildResult(scoreSequence(poses, observed, settings, is3d), input);
  const result = JSON.parse(JSON.stringify(built)) as SequenceResult;
  const files: ResultFile[] = [];
  for (const format of new Set(formats)) {
    const bytes = await WRITERS[format](result);
    files.push({
      name: `ergonomics.${format}`,
      media_type: MEDIA_TYPES[format],
      base64: Buffer.from(bytes).toString('base64'),
    });
  }
  return { ...result, files };
}

const known = (result: SequenceResult) =>
  Object.fromEntries(
    Object.entries(result.samples).map(([name, column]) => [name, column.map((value) => value ?? undefined)]),
  );

const WRITERS: Readonly<Record<ResultFormat, (result: SequenceResult) => Buffer | string | Promise<Buffer>>> =
  {
    csv: (result) => writeCsv(known(result)),
    html: writeHtml,
    npz: (result) => writeNpz(known(result)),
    pkl: (result) => writePickle(result as unknown as Plain),
    xlsx: async (result) => (await import('./xlsx.ts')).writeXlsx(result),
  };
