import type { RulaComponents } from './components.ts';
import { levelOf, tableCell } from './table-cell.ts';
import { RULA_LEVEL_LIMITS, RULA_TABLE_A, RULA_TABLE_B, RULA_TABLE_C } from './tables/rula.ts';

/** RULA's way from the components of one side to its grand score. */
export interface RulaScore {
  readonly table_a: number;
  readonly table_b: number;
  /** Table A with muscle use and force of arm and wrist; table C is read with at most 8. */
  readonly score_c: number;
  /** Table B with muscle use and force of neck, trunk and legs; table C is read with at most 7. */
  readonly score_d: number;
  /** 1-7. */
  readonly grand: number;
  /** 1 acceptable, 2 investigate, 3 change soon, 4 change now. */
  readonly action_level: number;
}

export function scoreRula(parts: RulaComponents): RulaScore {
  const tableA = tableCell(RULA_TABLE_A, parts.upper_arm, parts.lower_arm, parts.wrist, parts.wrist_twist);
  const tableB = tableCell(RULA_TABLE_B, parts.neck, parts.trunk, parts.legs);
  const scoreC = tableA + parts.muscle_a + parts.force_a;
  const scoreD = tableB + parts.muscle_b + parts.force_b;
  const grand = tableCell(RULA_TABLE_C, Math.min(scoreC, 8), Math.min(scoreD, 7));
  return {
    table_a: tableA,
    table_b: tableB,
    score_c: scoreC,
    score_d: scoreD,
    grand,
    action_level: levelOf(RULA_LEVEL_LIMITS, grand) + 1,
  };
}
