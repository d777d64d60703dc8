import type { ColumnResult } from '../results/result.ts';
import type { ScoredSequence } from '../sequence/score-sequence.ts';

/** One of the people of a video with the scores of every sample. */
export interface ScoredPerson {
  /** Their number in the video. */
  readonly person: number;
  readonly sequence: ScoredSequence;
  readonly result: ColumnResult;
}
