import type { JobStatusView, Progress } from './analysis.ts';
import type { Remembered } from './memory.ts';

/** What the page shows; one at a time. */
export type PageState =
  | { readonly is: 'needsLink'; readonly sentence: string }
  | { readonly is: 'choosing'; readonly problem?: string; readonly unfinished?: Remembered }
  | { readonly is: 'chosen'; readonly file: File; readonly unfinished?: Remembered }
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

export interface UploadingState {
  readonly is: 'uploading';
  readonly name: string;
  readonly isPaused: boolean;
  readonly sentBytes: number;
  readonly sizeBytes: number;
  readonly bytesPerSecond: number | undefined;
}
