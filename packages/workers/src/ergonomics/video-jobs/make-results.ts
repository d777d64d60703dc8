import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { OverlayPieces } from '../overlay/overlay-video.ts';
import type { LayoutName } from '../pose/layouts.ts';
import { type MomentPicture, momentPictureName } from '../report/moment-picture.ts';
import { MEDIA_TYPES, RESULT_FORMATS } from '../results/formats.ts';
import { type ColumnResult, type UsedModel, withPictures } from '../results/result.ts';
import { type Pieces, writeResult } from '../results/write-result.ts';
import { type AboutVideo, scorePerson } from './score-person.ts';
import { momentsOfTrack, type SeenTrack } from './seen-record.ts';
import { type DrawingSource, drawOverlay, drawWorstMoments } from './video-drawing.ts';
import type { ProcessSettings } from './video-input.ts';

/** All results of one person of a video, as files in a folder. Keeps its thread busy for seconds at a time. */
export interface ResultsRequest {
  readonly track: SeenTrack;
  readonly layout: LayoutName;
  readonly settings: ProcessSettings;
  readonly models: readonly UsedModel[];
  readonly about: AboutVideo;
  /** Absent where there is nothing to draw on. */
  readonly drawing?: DrawingSource | undefined;
  /** Absent where none is wanted. */
  readonly overlay?: Omit<OverlayPieces, 'onPiece' | 'folder'> | undefined;
  /** Where the files go; pieces of the overlay that are done are there. */
  readonly folder: string;
}

export interface MadeFile {
  readonly kind: string;
  readonly name: string;
  readonly path: string;
  readonly mediaType: string;
}

export interface MadeResults {
  readonly files: readonly MadeFile[];
  readonly warnings: readonly string[];
}

export interface MakingContext {
  readonly signal: AbortSignal;
  readonly onStage: (stage: MakingStage, share: number) => void;
  /** A piece of the overlay is whole. */
  readonly onPiece: OverlayPieces['onPiece'];
}

export type MakingStage = 'writing the report' | 'drawing the video';

/** @throws VideoRefusal where there is too little to score; the signal's reason. */
export async function makeResults(request: ResultsRequest, context: MakingContext): Promise<MadeResults> {
  const { track, layout, settings, models, about, drawing, folder } = request;
  const { signal, onStage } = context;
  const scored = scorePerson(momentsOfTrack(track), track.person, layout, settings, models, about);
  signal.throwIfAborted();
  onStage('writing the report', 0);
  const pictures = drawing ? await drawWorstMoments(drawing, scored, signal) : [];
  const files = await writeForms(folder, withPictures(scored.result, pictures), pictures, signal);
  if (drawing && request.overlay) {
    const overlay = { kind: 'video', name: 'overlay.mp4', mediaType: 'video/mp4' };
    const toPath = path.join(folder, overlay.name);
    const onProgress = (share: number) => onStage('drawing the video', share);
    const pieces = { ...request.overlay, folder, onPiece: context.onPiece };
    await drawOverlay(drawing, scored, { toPath, pieces, signal, onProgress });
    files.push({ ...overlay, path: toPath });
  }
  return { files, warnings: scored.result.warnings };
}

/** Of the result, all forms, and the pictures of its worst moments beside them. */
async function writeForms(
  folder: string,
  result: ColumnResult,
  pictures: readonly MomentPicture[],
  signal: AbortSignal,
): Promise<MadeFile[]> {
  const files: MadeFile[] = [];
  const write = async (kind: string, name: string, pieces: Pieces, mediaType: string) => {
    signal.throwIfAborted();
    const file = path.join(folder, name);
    await writeFile(file, pieces, { signal });
    files.push({ kind, name, path: file, mediaType });
  };
  await write('json', 'ergonomics.json', await writeResult('json', result), 'application/json');
  for (const format of RESULT_FORMATS) {
    const pieces = await writeResult(format, result, pictures);
    await write(format, `ergonomics.${format}`, pieces, MEDIA_TYPES[format]);
  }
  for (const { rank, jpeg } of pictures)
    await write('picture', momentPictureName(rank), [jpeg], 'image/jpeg');
  return files;
}
