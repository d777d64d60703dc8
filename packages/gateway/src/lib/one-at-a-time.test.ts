import { expect, it } from 'vitest';
import { createOneAtATime } from './one-at-a-time.ts';

it('runs each piece of work after the one before has ended, well or badly', async () => {
  const inTurn = createOneAtATime();
  const log: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = inTurn(async () => {
    log.push('first begins');
    await gate.promise;
    log.push('first ends');
    throw new Error('no luck');
  });
  const second = inTurn(async () => {
    log.push('second');
    return 2;
  });
  gate.resolve();
  await expect(first).rejects.toThrow('no luck');
  expect(await second).toBe(2);
  expect(log).toEqual(['first begins', 'first ends', 'second']);
});
