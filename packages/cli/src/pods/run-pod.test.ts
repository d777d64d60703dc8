import { createRunpodClient } from '@spillway/sdk/runpod';
import { expect, test } from 'vitest';
import {
  createFakeRunpod,
  createInstantClock,
  FAKE_KEY,
  type FakeRunpod,
  fetchOf,
} from '../../test/fake-runpod.ts';
import { problem } from '../../test/fake-runpod-account.ts';
import { chooseCards } from './choose-cards.ts';
import { type PodJob, runPod } from './run-pod.ts';

async function set(fake: FakeRunpod) {
  const ticks = createInstantClock();
  // A turn of the event loop for each wait, so that the log and the status go on side by side.
  const clock = {
    ...ticks,
    async sleep(ms: number) {
      await ticks.sleep(ms);
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
  const runpod = createRunpodClient({ apiKey: FAKE_KEY, clock, random: () => 0, fetch: fetchOf(fake) });
  const stop = new AbortController();
  const lines: string[] = [];
  const notes: string[] = [];
  const view = { note: (text: string) => notes.push(text), line: (text: string) => lines.push(text) };
  const cards = chooseCards(await runpod.gpus('POD'), { memoryGb: 24, count: 1, cloud: 'SECURE' });
  return { context: { runpod, clock, view, signal: stop.signal }, stop, lines, notes, cards };
}

type Setting = Awaited<ReturnType<typeof set>>;

function jobOf({ cards }: Setting, more: Partial<PodJob> = {}): PodJob {
  return {
    ...{ name: 'spillway-pod-1', body: { image: 'acme/batch:1', env: { A: 'b' } }, cards, cardCount: 1 },
    ...{
      command: 'python3 batch.py',
      maxTimeMs: 3_600_000,
      idleMs: 0,
      apiUrl: 'https://api.runpod.io',
      ...more,
    },
  };
}

type Body = { gpu: { id: string }; env: Record<string, string> };
const created = ({ calls }: FakeRunpod) =>
  calls.filter(({ method }) => method === 'POST').map(({ body }) => body as Body);
const tokenOf = (fake: FakeRunpod) => created(fake).at(-1)?.env.SPILLWAY_POD_TOKEN;

/** Lets the pod print once its container runs. */
function prints(fake: FakeRunpod, lines: () => readonly string[]): void {
  fake.fault = ({ method, path }) => {
    const [pod] = fake.account.pods.values();
    if (method === 'GET' && /pods\/\w+$/.test(path) && pod?.status === 'RUNNING' && fake.log.length === 0)
      fake.log.push(...lines());
    return undefined;
  };
}

test('the cheapest card that is free is taken, its log passed on, the pod gone, and the exit code is the command’s', async () => {
  const fake = createFakeRunpod();
  fake.account.fullCards.add('NVIDIA RTX A5000');
  const setting = await set(fake);
  prints(fake, () => ['one', `[spillway] exit ${tokenOf(fake)} 3`, 'late']);
  const end = await runPod(jobOf(setting), setting.context);
  expect(end).toEqual({ type: 'ended', exitCode: 3, podId: expect.any(String) });
  expect(setting.lines).toEqual(['one']);
  expect(created(fake).map(({ gpu }) => gpu.id)).toEqual(['NVIDIA L4']);
  expect(fake.account.pods.size).toBe(0);
});

test('a card that is gone when it is asked for gives way to the next', async () => {
  const fake = createFakeRunpod();
  const setting = await set(fake);
  fake.account.fullCards.add('NVIDIA RTX A5000').add('NVIDIA L4');
  prints(fake, () => [`[spillway] exit ${tokenOf(fake)} 0`]);
  expect(await runPod(jobOf(setting), setting.context)).toMatchObject({ type: 'ended', exitCode: 0 });
  expect(created(fake).map(({ gpu }) => gpu.id)).toEqual(['NVIDIA RTX A5000', 'NVIDIA L4', 'NVIDIA A40']);
});

test('an empty balance ends it at once: no other card would do', async () => {
  const fake = createFakeRunpod();
  const setting = await set(fake);
  fake.fault = ({ method }) =>
    method === 'POST' ? problem(402, 'Payment Required', 'insufficient balance') : undefined;
  await expect(runPod(jobOf(setting), setting.context)).rejects.toMatchObject({ code: 'NO_BALANCE' });
  expect(created(fake).length).toBe(1);
});

test('a pod whose creation was answered into the void is found and terminated all the same', async () => {
  const fake = createFakeRunpod();
  const setting = await set(fake);
  fake.fault = ({ method }) => (method === 'POST' ? 'lost' : undefined);
  setting.stop.abort();
  expect(await runPod(jobOf(setting), setting.context)).toMatchObject({ type: 'stopped' });
  expect(created(fake).length).toBe(1);
  expect(fake.account.pods.size).toBe(0);
});

test('a budget is a time, which the pod itself keeps and this side after it', async () => {
  const fake = createFakeRunpod();
  const setting = await set(fake);
  const end = await runPod(jobOf(setting, { maxCost: 0.135 }), setting.context);
  // $0.135 at $0.27 an hour are half an hour.
  expect(created(fake)[0]?.env.SPILLWAY_POD_SECONDS).toBe('1800');
  expect(end).toMatchObject({ type: 'over-time' });
  expect(setting.context.clock.waits.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThanOrEqual(1_800_000);
  expect(fake.account.pods.size).toBe(0);
});

test('words of the command that look like its end are only words', async () => {
  const fake = createFakeRunpod();
  const setting = await set(fake);
  prints(fake, () => ['[spillway] exit 0123456789abcdef 0', `[spillway] exit ${tokenOf(fake)} 1`]);
  expect(await runPod(jobOf(setting), setting.context)).toMatchObject({ type: 'ended', exitCode: 1 });
});

test('a pod that ended itself, or was deleted, is no reason to wait', async () => {
  const fake = createFakeRunpod();
  const setting = await set(fake);
  prints(fake, () => {
    fake.account.pods.clear();
    return ['x'];
  });
  expect(await runPod(jobOf(setting), setting.context)).toMatchObject({
    type: 'lost',
    reason: 'it is not there any more',
  });
});

test('a network that is gone for minutes ends no work, and a pod that can’t be terminated from here is told', async () => {
  const fake = createFakeRunpod();
  const setting = await set(fake);
  prints(fake, () => []);
  const starts = fake.fault;
  let unheard = 0;
  fake.fault = (call) => {
    if (call.method === 'DELETE') return problem(401, 'Unauthorized', 'key was revoked');
    const [pod] = fake.account.pods.values();
    if (pod?.status !== 'RUNNING' || fake.log.length > 0) return starts?.(call);
    unheard += 1;
    if (unheard === 20) fake.log.push(`[spillway] exit ${tokenOf(fake)} 0`);
    return 'unheard';
  };
  expect(await runPod(jobOf(setting), setting.context)).toMatchObject({
    ...{ type: 'ended', exitCode: 0 },
    stillThere: expect.stringContaining('key was revoked'),
  });
  expect(unheard).toBe(20);
  expect(setting.notes).toContainEqual(
    expect.stringMatching(/is still there and paid for: .*spillway pods stop/),
  );
});

test('Ctrl-C while cards are tried one after the other tries no further one', async () => {
  const fake = createFakeRunpod();
  const setting = await set(fake);
  fake.account.fullCards.add('NVIDIA RTX A5000');
  fake.fault = ({ method }) => {
    if (method === 'POST') setting.stop.abort();
    return undefined;
  };
  await expect(runPod(jobOf(setting), setting.context)).rejects.toMatchObject({
    code: 'STOPPED',
    exitCode: 130,
  });
  expect(created(fake)).toHaveLength(1);
});

test('detached it comes back once the pod is made, and leaves it', async () => {
  const fake = createFakeRunpod();
  const setting = await set(fake);
  const end = await runPod(jobOf(setting), { ...setting.context, isDetached: true });
  expect(end).toEqual({ type: 'detached', podId: [...fake.account.pods.keys()][0] });
});
