import { readPose } from '../pose/layouts.ts';
import { momentPictureName } from '../report/moment-picture.ts';
import type { SequenceInput } from '../schema.ts';
import { type ScoredSequence, scoreSequence } from '../sequence/score-sequence.ts';
import { MEDIA_TYPES, type ResultFile } from './formats.ts';
import { asJson, buildResult, type ColumnResult, type SequenceResult, withPictures } from './result.ts';
import { type Pieces, writeResult } from './write-result.ts';

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
  const sequence = scoreSequence(poses, observed, settings, is3d);
  const built = buildResult(sequence, input);
  const hasReport = formats.some((format) => format === 'html' || format === 'pdf');
  // Points in space have no picture of their own.
  const pictures = hasReport && !is3d ? await picturesOf(sequence, built) : [];
  const result = withPictures(built, pictures);
  const files: ResultFile[] = [];
  const add = (name: string, mediaType: string, pieces: Pieces) => {
    const bytes = Buffer.concat(Array.from(pieces, (piece) => Buffer.from(piece)));
    files.push({ name, media_type: mediaType, base64: bytes.toString('base64') });
  };
  for (const format of new Set(formats))
    add(`ergonomics.${format}`, MEDIA_TYPES[format], await writeResult(format, result, pictures));
  for (const { rank, jpeg } of pictures) add(momentPictureName(rank), 'image/jpeg', [jpeg]);
  return { ...asJson(result), files };
}

/** There is no video, so that each shows the skeleton alone. */
const picturesOf = async (sequence: ScoredSequence, { summary }: ColumnResult) =>
  (await import('../report/draw-moment.ts')).drawMoments(sequence, summary.worst_moments);
