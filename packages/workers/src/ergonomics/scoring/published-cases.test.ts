import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { codeRula } from './code-posture.ts';
import { rebaComponentsSchema, rulaComponentsSchema } from './components.ts';
import { nioshInputSchema, scoreNiosh } from './niosh.ts';
import { owasCodesSchema, scoreOwas } from './owas.ts';
import { postureSchema } from './posture.ts';
import { scoreReba } from './reba.ts';
import { scoreRula } from './rula.ts';
import { DEFAULT_SCORING } from './scoring-settings.ts';
import { tableCell } from './table-cell.ts';
import { REBA_TABLE_B, REBA_TABLE_C } from './tables/reba.ts';
import { RULA_TABLE_A, RULA_TABLE_C } from './tables/rula.ts';

/** Worked examples that others have published, and what the methods' tables make of them. */
interface Case {
  readonly id: string;
  readonly components?: Readonly<Record<string, number>>;
  readonly posture?: unknown;
  readonly lookup?: { readonly table: 'A' | 'B' | 'C'; readonly index: readonly number[] };
  readonly codes?: unknown;
  readonly input?: unknown;
  readonly published?: unknown;
  readonly expect?: unknown;
}
const file = new URL('../testdata/published-cases.json', import.meta.url);
const cases = JSON.parse(readFileSync(file, 'utf8')) as Record<'rula' | 'reba' | 'owas' | 'niosh', Case[]>;
const titled = (list: readonly Case[]) => list.map((one) => [one.id, one] as const);
const scored = (list: readonly Case[]) => titled(list.filter(({ lookup }) => lookup === undefined));

test('there are as many cases as were collected', () => {
  expect([cases.rula, cases.reba, cases.owas, cases.niosh].map(({ length }) => length)).toEqual([
    9, 41, 5, 6,
  ]);
});

describe('RULA', () => {
  test.each(scored(cases.rula))('%s', (_id, { components, expect: chain }) => {
    expect(scoreRula(rulaComponentsSchema.parse(components))).toEqual(chain);
  });

  test.each(scored(cases.rula.filter(({ posture }) => posture !== undefined)))(
    '%s, from the posture that was described',
    (_id, { posture, components }) => {
      expect(codeRula(postureSchema.parse(posture), DEFAULT_SCORING).components).toMatchObject(
        components ?? {},
      );
    },
  );
});

describe('REBA', () => {
  test.each(scored(cases.reba))('%s', (_id, { components, expect: chain }) => {
    expect(scoreReba(rebaComponentsSchema.parse(components))).toEqual(chain);
  });
});

describe('cells of tables', () => {
  const tables = {
    rula: { A: RULA_TABLE_A, B: [], C: RULA_TABLE_C },
    reba: { A: [], B: REBA_TABLE_B, C: REBA_TABLE_C },
  };
  const cells = (['rula', 'reba'] as const).flatMap((method) =>
    cases[method].flatMap(({ id, lookup, published }) => (lookup ? [{ id, method, lookup, published }] : [])),
  );
  test('there are some', () => expect(cells.length).toBeGreaterThan(5));
  test.each(cells)('$id', ({ method, lookup, published }) => {
    expect(tableCell(tables[method][lookup.table], ...lookup.index)).toBe(published);
  });
});

test.each(titled(cases.owas))('OWAS: %s', (_id, { codes, expect: category }) => {
  expect(scoreOwas(owasCodesSchema.parse(codes))).toBe(category);
});

test.each(titled(cases.niosh))('NIOSH: %s', (_id, { input, expect: figures }) => {
  const score = scoreNiosh(nioshInputSchema.parse(input));
  const wanted = figures as Record<string, number>;
  expect(wanted).not.toEqual({});
  for (const [name, value] of Object.entries(wanted))
    expect((score as unknown as Record<string, number>)[name], name).toBeCloseTo(
      value,
      name === 'RWL_lb' ? 3 : 5,
    );
});
