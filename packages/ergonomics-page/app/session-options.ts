import type { Analysis, Terms } from './analysis.ts';
import type { Explained } from './explain-error.ts';
import type { OtherTabs } from './other-tabs.ts';
import type { PageState } from './page-state.ts';
import type { VideoFacts } from './video-file.ts';

/** What surrounds a video's way through the page: the server, the browser, other tabs, and the page itself. */
export interface SessionOptions {
  readonly analysis: Analysis;
  readonly endpoint: string;
  /** Rejects where the link is not good, or nobody answers. */
  readonly terms: Promise<Terms>;
  readonly now: () => number;
  readonly tabs: Pick<OtherTabs, 'tellSending' | 'tellOver' | 'ask'>;
  /** What this browser can tell of a file; undefined where it can't. */
  readFacts(file: File): Promise<VideoFacts | undefined>;
  /** Of bodies that are under way. */
  inFlightBytes(): number;
  show(state: PageState): void;
  explain(error: unknown): Explained;
}
