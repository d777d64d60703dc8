import type { RebaComponents } from './components.ts';
import { levelOf, tableCell } from './table-cell.ts';
import { REBA_LEVEL_LIMITS, REBA_TABLE_A, REBA_TABLE_B, REBA_TABLE_C } from './tables/reba.ts';

/** REBA's way from the components of one side to its final score. */
export interface RebaScore {
  readonly table_a: number;
  readonly score_a: number;
  readonly table_b: number;
  readonly score_b: number;
  readonly table_c: number;
  /** 1-15. */
  readonly final: number;
  /** 0 negligible, 1 low, 2 medium, 3 high, 4 very high. */
  readonly action_level: number;
}

export function scoreReba(parts: RebaComponents): RebaScore {
  const tableA = tableCell(REBA_TABLE_A, parts.neck, parts.trunk, parts.legs);
  const tableB = tableCell(REBA_TABLE_B, parts.upper_arm, parts.lower_arm, parts.wrist);
  const scoreA = tableA + parts.load;
  const scoreB = tableB + parts.coupling;
  const tableC = tableCell(REBA_TABLE_C, Math.min(scoreA, 12), Math.min(scoreB, 12));
  const final = tableC + parts.activity;
  return {
    table_a: tableA,
    score_a: scoreA,
    table_b: tableB,
    score_b: scoreB,
    table_c: tableC,
    final,
    action_level: levelOf(REBA_LEVEL_LIMITS, final),
  };
}
