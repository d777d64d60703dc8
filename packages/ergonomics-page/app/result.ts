/** What the page reads of a result, JSON of schema `spillway.ergonomics.sequence/1`. */
export interface LevelTime {
  readonly level: number;
  readonly seconds: number;
  readonly share: number;
}

export interface WorstMoment {
  readonly rank: number;
  readonly t: number;
  readonly from: number;
  readonly to: number;
  readonly side: 'left' | 'right';
  readonly rula: number;
  readonly reba: number;
  readonly angles: Readonly<Record<string, number | null | undefined>>;
}

export interface SequenceResult {
  readonly title: string | null;
  readonly summary: {
    readonly seconds: { readonly total: number; readonly scored: number; readonly not_scored: number };
    readonly worse_side: {
      readonly rula: readonly LevelTime[];
      readonly reba: readonly LevelTime[];
      readonly highest_rula: number | null;
      readonly highest_reba: number | null;
    };
    readonly owas: readonly LevelTime[];
    readonly worst_moments: readonly WorstMoment[];
  };
  readonly warnings: readonly string[];
  readonly pictures: readonly { readonly rank: number; readonly name: string }[];
  readonly samples: Readonly<Record<string, readonly (number | null)[]>>;
}

const SCHEMA = 'spillway.ergonomics.sequence/1';

/** @throws Error with a sentence where the server keeps it in a form that this page does not know. */
export async function fetchResult(url: string, signal: AbortSignal): Promise<SequenceResult> {
  const reply = await fetch(url, { signal });
  if (!reply.ok) throw new Error(`the result could not be read (${reply.status})`);
  const result = (await reply.json()) as SequenceResult & { readonly schema?: unknown };
  if (result.schema !== SCHEMA)
    throw new Error(`the result is of schema ${String(result.schema)}; this page knows ${SCHEMA}`);
  return result;
}

/** What the levels of a method mean, from the best to the worst, and which risk colour each has. */
export interface Method {
  readonly id: 'rula' | 'reba' | 'owas';
  readonly name: string;
  /** Its column of samples. */
  readonly column: string;
  readonly highest: number;
  /** `from`: the lowest score of the level. */
  readonly levels: readonly {
    readonly level: number;
    readonly from: number;
    readonly risk: number;
    readonly text: string;
  }[];
}

export const METHODS: readonly Method[] = [
  {
    ...{ id: 'rula', name: 'RULA', column: 'rula', highest: 7 },
    levels: [
      { level: 1, from: 1, risk: 0, text: 'acceptable' },
      { level: 2, from: 3, risk: 1, text: 'look into it' },
      { level: 3, from: 5, risk: 2, text: 'look into it, change soon' },
      { level: 4, from: 7, risk: 4, text: 'change now' },
    ],
  },
  {
    ...{ id: 'reba', name: 'REBA', column: 'reba', highest: 15 },
    levels: [
      { level: 0, from: 1, risk: 0, text: 'negligible' },
      { level: 1, from: 2, risk: 1, text: 'low, may need a change' },
      { level: 2, from: 4, risk: 2, text: 'medium, needs a change' },
      { level: 3, from: 8, risk: 3, text: 'high, change soon' },
      { level: 4, from: 11, risk: 4, text: 'very high, change now' },
    ],
  },
  {
    ...{ id: 'owas', name: 'OWAS', column: 'owas', highest: 4 },
    levels: [
      { level: 1, from: 1, risk: 0, text: 'no action' },
      { level: 2, from: 2, risk: 1, text: 'in the near future' },
      { level: 3, from: 3, risk: 2, text: 'as soon as possible' },
      { level: 4, from: 4, risk: 4, text: 'at once' },
    ],
  },
];

export const levelsOf = ({ summary }: SequenceResult, { id }: Method): readonly LevelTime[] =>
  id === 'owas' ? summary.owas : summary.worse_side[id];
