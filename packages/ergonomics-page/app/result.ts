import { RISK_LEVELS, RISK_METHODS, type RiskLevel, type RiskMethod } from '@spillway/protocol/ergonomics';

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

export interface ScoredLift {
  readonly name: string | null;
  readonly input: { readonly load_kg?: number; readonly load_lb?: number };
  /** Kilograms; of a lift in inches and pounds there is `RWL_lb` instead. */
  readonly RWL?: number;
  readonly RWL_lb?: number;
  /** Only with a load, and null where no load at all is recommended. */
  readonly LI?: number | null;
  readonly risk?: 'low' | 'increased' | 'high';
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
    /** Lifts that were told; absent in results of older workers. */
    readonly niosh?: readonly ScoredLift[];
  };
  readonly warnings: readonly string[];
  /** What counts as the most favourable because nothing is known of it. */
  readonly assumed: readonly string[];
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

/** A method as the page shows it. */
export interface Method {
  readonly id: RiskMethod;
  readonly name: string;
  /** Its column of samples. */
  readonly column: string;
  readonly highest: number;
  readonly levels: readonly RiskLevel[];
}

export const METHODS: readonly Method[] = RISK_METHODS.map((id) => {
  const levels = RISK_LEVELS[id];
  return { id, name: id.toUpperCase(), column: id, highest: levels.at(-1)?.to ?? 0, levels };
});

/** The level that a score belongs to. */
export const levelAt = (id: RiskMethod, score: number): RiskLevel | undefined =>
  RISK_LEVELS[id].find(({ to }) => score <= to);

export const levelsOf = ({ summary }: SequenceResult, { id }: Method): readonly LevelTime[] =>
  id === 'owas' ? summary.owas : summary.worse_side[id];
