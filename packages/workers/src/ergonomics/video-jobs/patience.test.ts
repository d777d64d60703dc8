import { ArtifactError, type ArtifactStore } from '@spillway/artifacts';
import { createManualClock } from '@spillway/sdk/clock';
import { expect, test } from 'vitest';
import { arriving, createPatience, PATIENCE_MS, patientStore } from './patience.ts';

const away = () => new ArtifactError('STORAGE_UNAVAILABLE', 'the bucket is away');

function open() {
  const clock = createManualClock();
  const stop = new AbortController();
  const warnings: string[] = [];
  const log = { warn: (message: string) => void warnings.push(message) };
  return { clock, stop, warnings, patiently: createPatience({ clock, signal: stop.signal, log }) };
}

/** Fails until it is told not to, and counts. */
function work(error: () => unknown = away) {
  const state = { calls: 0, isAway: true };
  const run = async () => {
    state.calls += 1;
    if (state.isAway) throw error();
    return 'there';
  };
  return { state, run };
}

test('what a storage did not answer is asked again until it does, and said once', async () => {
  const { clock, warnings, patiently } = open();
  const { state, run } = work();
  const done = patiently(run);
  await clock.advance(120_000);
  expect(state.calls).toBeGreaterThan(5);
  state.isAway = false;
  await clock.advance(15_000);
  expect(await done).toBe('there');
  expect(warnings).toEqual(['waiting for the storage: the bucket is away']);
});

test('a storage that stays away is waited for once, and not by every call anew', async () => {
  const { clock, patiently } = open();
  const first = patiently(work().run).catch((error: unknown) => error);
  for (let waitedMs = 0; waitedMs <= PATIENCE_MS; waitedMs += 15_000) await clock.advance(15_000);
  expect(await first).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  const second = work();
  await expect(patiently(second.run)).rejects.toThrow('the bucket is away');
  expect(second.state.calls).toBe(1);
});

test('nothing is waited for where the storage says no, or the work was stopped', async () => {
  const { clock, stop, patiently } = open();
  const full = work(() => new ArtifactError('STORAGE_FULL', 'no room'));
  await expect(patiently(full.run)).rejects.toThrow('no room');
  const stopped = patiently(work().run).catch((error: unknown) => error);
  await clock.advance(500);
  stop.abort();
  expect(await stopped).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
});

test('a storage that says no is there: when it is away later, that is waited for anew', async () => {
  const { clock, patiently } = open();
  const errors = [away(), new ArtifactError('STORAGE_FULL', 'no room')];
  const first = patiently(work(() => errors.shift()).run).catch((error: unknown) => error);
  await clock.advance(1_000);
  expect(await first).toMatchObject({ code: 'STORAGE_FULL' });
  await clock.advance(PATIENCE_MS);
  const { state, run } = work();
  const later = patiently(run);
  await clock.advance(500);
  state.isAway = false;
  await clock.advance(500);
  expect(await later).toBe('there');
});

test('a storage that begins to answer and always breaks off is not waited for without end', async () => {
  const { clock, patiently } = open();
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(1);
    throw new TypeError('terminated');
  }
  const get = async () => ({ stream: broken() });
  const store = patientStore({ get, multipart: {} } as unknown as ArtifactStore, patiently);
  let outcome: unknown;
  const read = async () => {
    for await (const _ of arriving((await store.get('segment')).stream));
  };
  const done = patiently(read).catch((error: unknown) => {
    outcome = error;
  });
  for (let waitedMs = 0; waitedMs <= 2 * PATIENCE_MS; waitedMs += 15_000) await clock.advance(15_000);
  expect(outcome).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  await done;
});
