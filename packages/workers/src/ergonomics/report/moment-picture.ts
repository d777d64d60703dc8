import type { EmbeddedPicture } from './report-blocks.ts';

/** The picture of a worst moment, by its rank, as whoever has the video gives it to the report. */
export interface MomentPicture extends EmbeddedPicture {
  readonly rank: number;
}

/** Under which name a picture lies beside the other results. */
export const momentPictureName = (rank: number): string => `moment_${rank}.jpg`;
