import { createManualClock } from '@spillway/sdk/clock';
import type { RunpodGpuType } from '@spillway/sdk/runpod';
import { expect, test } from 'vitest';
import { type Catalogue, catalogueOf } from './catalogue.ts';
import { createLiveCatalogue } from './live-catalogue.ts';

const DAY_MS = 86_400_000;

const card = (serverless: number): RunpodGpuType => ({
  ...{ id: 'NVIDIA GeForce RTX 4090', name: 'RTX 4090', pool: 'ADA_24', memory: 24 },
  ...{ secure: true, community: true, price: { secure: 0.44, community: 0.31, serverless } },
});

function createScene(more: { kept?: Catalogue; isDaily?: boolean; hasKey?: boolean } = {}) {
  const clock = createManualClock();
  const problems: string[] = [];
  const there = { price: 1.1, fault: '', reads: 0 };
  const disk: { kept: Catalogue | undefined } = { kept: more.kept };
  const access = {
    url: 'https://api.runpod.io',
    async read() {
      there.reads += 1;
      if (there.fault !== '') throw new Error(there.fault);
      return [card(there.price)];
    },
  };
  const live = createLiveCatalogue({
    ...{ clock, isDaily: more.isDaily ?? true, onProblem: (one) => problems.push(one) },
    access: more.hasKey === false ? undefined : access,
    kept: {
      read: async () => disk.kept,
      write: async (catalogue) => {
        disk.kept = catalogue;
      },
    },
  });
  return { clock, live, there, disk, problems, price: () => live.current()?.pools.ADA_24 };
}

const known = (readAt: number, price = 0.9) => catalogueOf([card(price)], { readAt, url: 'u' });

test('it is read once a day, kept, and whenever somebody asks for it', async () => {
  const { clock, live, there, disk, price } = createScene();
  live.start();
  await clock.settle();
  expect(price()).toBe(1_100_000);
  there.price = 1.2;
  await clock.advance(DAY_MS - 1);
  expect({ price: price(), reads: there.reads }).toEqual({ price: 1_100_000, reads: 1 });
  await clock.advance(1);
  expect({ price: price(), reads: there.reads }).toEqual({ price: 1_200_000, reads: 2 });
  there.price = 1.3;
  await Promise.all([live.refresh(), live.refresh()]);
  expect({ kept: disk.kept?.pools.ADA_24, reads: there.reads }).toEqual({ kept: 1_300_000, reads: 3 });
  await live.stop();
});

test('one that was read less than a day ago is enough after a restart', async () => {
  const { clock, live, there, price } = createScene({ kept: known(1_800_000_000_000 - DAY_MS / 2) });
  live.start();
  await clock.advance(DAY_MS / 2 - 3_600_000);
  expect({ price: price(), reads: there.reads }).toEqual({ price: 900_000, reads: 0 });
  await clock.advance(3_600_000);
  expect({ price: price(), reads: there.reads }).toEqual({ price: 1_100_000, reads: 1 });
  await live.stop();
});

test('what was known stays while RunPod can’t be asked, and the problem is told once', async () => {
  const { clock, live, there, problems, price } = createScene({ kept: known(0) });
  there.fault = 'it is down';
  live.start();
  await clock.advance(5 * 3_600_000);
  expect({ price: price(), problems, told: live.state().problem }).toEqual({
    ...{ price: 900_000, problems: ['it is down'], told: 'it is down' },
  });
  expect(there.reads).toBeGreaterThan(1);
  there.fault = '';
  await live.refresh();
  expect({ price: price(), told: live.state().problem }).toEqual({ price: 1_100_000, told: undefined });
  await live.stop();
});

test('without a key, or where no job goes to RunPod, nobody is asked unasked', async () => {
  const keyless = createScene({ hasKey: false });
  keyless.live.start();
  await keyless.clock.advance(2 * DAY_MS);
  await keyless.live.refresh();
  expect(keyless.live.state()).toEqual({ catalogue: undefined, problem: undefined, hasKey: false });
  const idle = createScene({ isDaily: false });
  idle.live.start();
  await idle.clock.advance(2 * DAY_MS);
  expect(idle.there.reads).toBe(0);
  await idle.live.refresh();
  expect(idle.price()).toBe(1_100_000);
  expect(idle.clock.pending()).toEqual([]);
});
