import { readPose } from '../pose/layouts.ts';
import type { SequenceInput } from '../schema.ts';
import { scoreSequence } from '../sequence/score-sequence.ts';
import { MEDIA_TYPES, type ResultFile } from './formats.ts';
import { buildResult, type SequenceResult } from './result.ts';
import { writeResult } from './write-result.ts';

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
  const built = buildResult(scoreSequence(poses, observed, settings, is3d), input);
  const result = JSON.parse(JSON.stringify(built)) as SequenceResult;
  const files: ResultFile[] = [];
  for (const format of new Set(formats)) {
    const bytes = await writeResult(format, result);
    files.push({
      name: `ergonomics.${format}`,
      media_type: MEDIA_TYPES[format],
      base64: bytes.toString('base64'),
    });
  }
  return { ...result, files };
}
