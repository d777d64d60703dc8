import type { JobStatusView, Progress } from './analysis.ts';
import type { Remembered } from './memory.ts';
import type { VideoFacts } from './video-file.ts';

/** What the page shows; one at a time. */
export type PageState =
  | { readonly is: 'needsLink'; readonly sentence: string }
  | { readonly is: 'choosing'; readonly problem?: string; readonly unfinished?: Remembered }
  | ChosenState
  | UploadingState
  /** Another tab of this browser uploads it. */
  | {
      readonly is: 'elsewhere';
      readonly name: string;
      readonly sentBytes: number;
      readonly sizeBytes: number;
    }
  | {
      readonly is: 'processing';
      readonly name: string;
      readonly progress: Progress;
      readonly isCancelling: boolean;
    }
  | { readonly is: 'done'; readonly view: JobStatusView; readonly name: string }
  | { readonly is: 'failed'; readonly sentence: string; readonly canGoOn: boolean; readonly name: string };

export interface ChosenState {
  readonly is: 'chosen';
  readonly file: File;
  /** Absent until the browser has looked; `unknown` where it can't play the file. */
  readonly facts?: VideoFacts | 'unknown';
  /** Why it can't be begun as it was asked for. */
  readonly problem?: string;
  readonly unfinished?: Remembered;
}

export interface UploadingState {
  readonly is: 'uploading';
  readonly name: string;
  readonly isPaused: boolean;
  readonly sentBytes: number;
  readonly sizeBytes: number;
  readonly bytesPerSecond: number | undefined;
}
