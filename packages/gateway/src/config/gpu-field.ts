import { z } from 'zod';
import { size } from './container-fields.ts';
import { count, hints } from './fields.ts';

/** What one worker needs of graphics cards; the gateway chooses the cards by it. */
export function gpuField() {
  const need = z.strictObject({
    memory: size('6g', 'Memory that a worker needs on each of its cards.'),
    count: count({ min: 1, max: 64 }, 'Cards that a worker needs.').prefault(1),
  });
  return z
    .union([z.literal('none'), need])
    .register(hints, {
      expected: 'the memory that a worker needs, as `{ memory: 6g }`, or `none`',
      fix: gpuFix,
    })
    .describe(
      'Memory of graphics cards that a worker needs: it starts on a card with so much left, and not without. `none`: it sees no card.',
    );
}

function gpuFix(found: unknown): string {
  if (typeof found === 'string' && /^\d+(\.\d+)?[kmgt]$/i.test(found))
    return `write \`{ memory: ${found} }\``;
  if (typeof found === 'number' && found > 0) return `write \`{ memory: ${found}g }\``;
  if (found === 0 || found === false) return 'write `none`';
  return 'write `{ memory: 6g }`, with `count: 2` beside it for two cards, or `none`';
}
