import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { createFreePorts } from '../src/fleet/free-ports.ts';

test('a port is given to one worker at a time, and never one that another program has', async () => {
  // Drawn again and again, until a port is free.
  const drawn = [0.25, 0.25, 0.25, 0.5, 0.25, 0.5, 0.75];
  const ports = createFreePorts(() => drawn.shift() ?? Math.random());
  const first = await ports.take();
  ports.giveBack(first);
  const taken = createServer().listen(first, '127.0.0.1');
  await once(taken, 'listening');
  const second = await ports.take();
  expect(second).not.toBe(first);
  expect(await ports.take()).not.toBe(second);
  taken.close();
  await once(taken, 'close');
  ports.giveBack(second);
  expect(await createFreePorts(() => 0.25).take()).toBe(first);
});
