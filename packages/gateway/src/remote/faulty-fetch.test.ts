import { expect, test } from 'vitest';
import { createFaultyFetch } from './faulty-fetch.ts';

const NONE = { latencyMs: 0, errorRate: 0, throttleRate: 0, lostAnswers: 0, seed: 1 };

function scene(faults: Partial<typeof NONE>) {
  const slept: number[] = [];
  let arrived = 0;
  const call = createFaultyFetch(
    { ...NONE, ...faults },
    { sleep: async (ms) => void slept.push(ms) },
    async () => {
      arrived += 1;
      return Response.json({ ok: true });
    },
  );
  const outcomes = async (count: number) => {
    const all: string[] = [];
    for (let i = 0; i < count; i += 1)
      all.push(
        await call('http://runpod.test').then(
          ({ status }) => String(status),
          ({ code }) => code,
        ),
      );
    return all;
  };
  return { outcomes, slept, arrived: () => arrived };
}

test('without rates every call is answered', async () => {
  const { outcomes, arrived } = scene({});
  expect(await outcomes(5)).toEqual(['200', '200', '200', '200', '200']);
  expect(arrived()).toBe(5);
});

test('a throttled call and one with an error do not arrive; one whose answer is lost does', async () => {
  const throttled = scene({ throttleRate: 1 });
  expect(await throttled.outcomes(2)).toEqual(['429', '429']);
  const erroring = scene({ errorRate: 1 });
  expect(await erroring.outcomes(2)).toEqual(['500', '500']);
  expect(throttled.arrived() + erroring.arrived()).toBe(0);
  const losing = scene({ lostAnswers: 1 });
  expect(await losing.outcomes(2)).toEqual(['FAULT_INJECTED', 'FAULT_INJECTED']);
  expect(losing.arrived()).toBe(2);
});

test('latency comes before every call', async () => {
  const { outcomes, slept } = scene({ latencyMs: 700 });
  await outcomes(3);
  expect(slept).toEqual([700, 700, 700]);
});

test('about as many as the rate says, the same with the same seed, others with another', async () => {
  const first = await scene({ errorRate: 0.3 }).outcomes(1_000);
  expect(first).toEqual(await scene({ errorRate: 0.3 }).outcomes(1_000));
  expect(first).not.toEqual(await scene({ errorRate: 0.3, seed: 2 }).outcomes(1_000));
  const failed = first.filter((one) => one === '500').length;
  expect(failed).toBeGreaterThan(250);
  expect(failed).toBeLessThan(350);
});
