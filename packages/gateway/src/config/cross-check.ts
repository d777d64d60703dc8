import type { z } from 'zod';
import type { CheckParams } from './fields.ts';

/** A problem that lies in how several keys of a block go together. `path` counts from the block. */
export interface Finding {
  readonly path: string[];
  readonly message: string;
  readonly fix: string;
}

export type Block = Readonly<Record<string, unknown>>;

// Also where single values are wrong, so that one run tells all.
const ALWAYS = { when: () => true };

/** Adds a check over several keys of a block; it sees parsed values, or the raw ones of keys that are wrong. */
export function crossCheck<S extends z.ZodType>(schema: S, check: (block: Block) => readonly Finding[]): S {
  return schema.superRefine((value, context) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
    for (const { path, message, fix } of check(value as Block)) {
      context.addIssue({ code: 'custom', path, message, params: { fix } satisfies CheckParams });
    }
  }, ALWAYS);
}

/** For blocks with `min` and `max`. */
export function findMinAboveMax({ min, max }: Block): readonly Finding[] {
  if (typeof min !== 'number' || typeof max !== 'number' || min <= max) return [];
  return [
    {
      path: ['min'],
      message: `expected at most \`max\` (${max}), found ${min}`,
      fix: `lower \`min\` to ${max} or raise \`max\` to ${min}`,
    },
  ];
}
