import { createManualClock } from '@spillway/sdk/clock';
import { expect, test } from 'vitest';
import type { Engine, Tensors } from '../engines/engine.ts';
import { InputError } from '../media/input-error.ts';
import { createEmbedder } from './embedder.ts';
import type { PreprocessRequest } from './preprocess-thread.ts';

/** An embedder whose model and threads the test plays: a picture is one byte, and so are its pixels and its vector. */
function createStage({ isPreparedAhead = false } = {}) {
  const clock = createManualClock();
  const prepared: number[] = [];
  const runs: { readonly pictures: number[]; finish(): Promise<void> }[] = [];
  const memories = new Set<ArrayBufferLike>();
  const vision: Engine = {
    inputs: [],
    outputs: [],
    run: ({ pixel_values: pixels }: Tensors) => {
      const parts = pixels === undefined ? [] : [pixels.data, ...(pixels.more ?? [])];
      for (const { buffer } of parts) memories.add(buffer);
      const values = parts.map((part) => Number(part[0]));
      expect(pixels?.dims).toEqual([values.length, 3, 1, 1]);
      const { promise, resolve } = Promise.withResolvers<Tensors>();
      const data = Float32Array.from(values);
      runs.push({
        pictures: values,
        async finish() {
          resolve({ image_embeds: { type: 'float32', data, dims: [values.length, 1] } });
          await clock.settle();
        },
      });
      return promise;
    },
    dispose: async () => undefined,
  };
  const preparing = {
    async run(request: unknown) {
      const { bytes, field, into } = request as PreprocessRequest;
      const [value = 0] = bytes;
      if (value === 0) throw new InputError(`${field} is empty.`, field);
      prepared.push(value);
      into.fill(value);
    },
  };
  const batch = { maxSize: 4, windowMs: 5, maxWaiting: 16 };
  const embedder = createEmbedder({ vision, size: 1, preparing, isPreparedAhead, batch, clock });
  const embed = (value: number) => embedder.embedPicture(Uint8Array.of(value), 'image', {});
  return { embed, clock, prepared, runs, memories };
}

test('pictures that come together go through the model together, each gets its own vector', async () => {
  const { embed, clock, runs } = createStage();
  const vectors = Promise.all([embed(3), embed(1), embed(2)]);
  await clock.settle();
  expect(runs[0]?.pictures).toEqual([3, 1, 2]);
  await runs[0]?.finish();
  expect((await vectors).map(([value]) => value)).toEqual([3, 1, 2]);
});

test('a picture that cannot be prepared fails alone', async () => {
  const { embed, clock, runs } = createStage();
  const vectors = Promise.allSettled([embed(5), embed(0), embed(6)]);
  await clock.settle();
  expect(runs[0]?.pictures).toEqual([5, 6]);
  await runs[0]?.finish();
  const [first, second, third] = await vectors;
  expect(first).toMatchObject({ value: Float32Array.of(5) });
  expect(second).toMatchObject({ reason: { message: 'image is empty.' } });
  expect(third).toMatchObject({ value: Float32Array.of(6) });
});

test('nothing but broken pictures runs no model', async () => {
  const { embed, runs } = createStage();
  await expect(Promise.all([embed(0), embed(0)])).rejects.toThrow('image is empty.');
  expect(runs).toEqual([]);
});

test('on the processor pictures wait for the run that goes on; on a card they are prepared beside it', async () => {
  for (const isPreparedAhead of [false, true]) {
    const { embed, clock, prepared, runs } = createStage({ isPreparedAhead });
    void embed(1);
    await clock.settle();
    void embed(2);
    await clock.settle();
    expect(prepared).toEqual(isPreparedAhead ? [1, 2] : [1]);
    await runs[0]?.finish();
    // The one who was answered may come again.
    await clock.advance(5);
    expect(prepared).toEqual([1, 2]);
    expect(runs[1]?.pictures).toEqual([2]);
  }
});

test('the memory of pixels is used again when their run is over', async () => {
  const { embed, clock, runs, memories } = createStage();
  for (let round = 0; round < 5; round++) {
    void embed(round + 1);
    await clock.settle();
    await runs[round]?.finish();
  }
  expect(runs.map(({ pictures }) => pictures)).toEqual([[1], [2], [3], [4], [5]]);
  expect(memories.size).toBe(1);
});
