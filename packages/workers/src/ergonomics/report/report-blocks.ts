import type { ChartOptions } from './chart-geometry.ts';

/**
 * A report as a list of blocks, in reading order. What is told is decided once (`build-report.ts`); how it looks is up to
 * each medium (`html-report.ts`, `pdf-report.ts`), which has to draw every kind of block. Texts are plain.
 */
export type Block =
  | { readonly kind: 'heading' | 'subheading' | 'text' | 'warning'; readonly text: string }
  | { readonly kind: 'facts'; readonly facts: readonly Fact[] }
  | { readonly kind: 'details'; readonly rows: readonly (readonly [name: string, value: string])[] }
  | {
      readonly kind: 'legend';
      readonly entries: readonly { readonly color: string; readonly label: string }[];
    }
  | { readonly kind: 'chart'; readonly chart: ChartOptions }
  | {
      readonly kind: 'shares';
      readonly rows: readonly { readonly name: string; readonly shares: readonly Share[] }[];
    }
  | {
      readonly kind: 'table';
      readonly columns: readonly TableColumn[];
      readonly rows: readonly (readonly string[])[];
    }
  | { readonly kind: 'list'; readonly items: readonly string[]; readonly isDense: boolean }
  | { readonly kind: 'moments'; readonly moments: readonly MomentBlock[] }
  | { readonly kind: 'signature'; readonly fields: readonly string[] };

export interface Report {
  readonly title: string;
  readonly blocks: readonly Block[];
}

/** A figure of the first page. */
export interface Fact {
  readonly name: string;
  readonly value: string;
  /** Below the figure: what it means. */
  readonly note?: string;
  readonly color?: string;
}

/** Shares of a row add up to 1, or are all 0. */
export interface Share {
  readonly share: number;
  readonly color: string;
  readonly label: string;
}

export interface TableColumn {
  readonly title: string;
  /** Width against that of the other columns. */
  readonly weight: number;
  readonly isNumber?: boolean;
}

export interface MomentBlock {
  readonly rank: number;
  readonly time: string;
  readonly picture?: EmbeddedPicture | undefined;
  readonly scores: readonly {
    readonly name: string;
    readonly value: number;
    readonly level: string;
    readonly color: string;
  }[];
  readonly lines: readonly string[];
}

/** A JPEG, and how large it is. */
export interface EmbeddedPicture {
  readonly jpeg: Uint8Array;
  readonly widthPx: number;
  readonly heightPx: number;
}
