import { expect, test } from 'vitest';
import type { FindRequest, PeopleReply, PosedPerson, PoseRequest } from './find-people.ts';
import type { PoseFrame } from './frame-buffers.ts';
import {
  DEFAULT_READ_SETTINGS,
  type PoseSample,
  planGroups,
  type ReadContext,
  readPoses,
} from './read-poses.ts';

/** In these videos the first byte of a frame says where the one person stands; 0 is an empty room. */
const SIZE = { widthPx: 8, heightPx: 4 };

/** @param places of the person by frame; the same memory again and again, as a decoder gives it. */
async function* video(
  places: readonly number[],
  onTaken?: (index: number) => void,
): AsyncGenerator<PoseFrame> {
  const data = new Uint8Array(8 * 4 * 3);
  for (const [index, place] of places.entries()) {
    data.fill(place);
    onTaken?.(index);
    yield { ...SIZE, index, timeMs: index * 100, data };
  }
  data.fill(0);
}

const boxAt = (place: number) => ({ x_min: place, x_max: place + 40, y_min: 10, y_max: 110 });

function answer(request: FindRequest | PoseRequest): PeopleReply {
  const people = request.images.map(({ data }, at): PosedPerson[] => {
    const place = data[0] ?? 0;
    const boxes = request.kind === 'pose' ? (request.boxes[at] ?? []) : place === 0 ? [] : [boxAt(place)];
    return boxes.map((box) => ({ box, score: 0.9, keypoints: [[place, 50, 0.8]], look: [] }));
  });
  return { layout: people.flat().length > 0 ? 'coco17' : undefined, people };
}

function createContext(changes: Partial<ReadContext> = {}) {
  const asked: (FindRequest | PoseRequest)[] = [];
  const context: ReadContext = {
    async ask(request) {
      asked.push(request);
      return answer(request);
    },
    settings: DEFAULT_READ_SETTINGS,
    threads: 2,
    maxBytes: 1_000_000,
    ...changes,
  };
  return { asked, context };
}

async function collect(samples: AsyncIterable<PoseSample>): Promise<PoseSample[]> {
  const all: PoseSample[] = [];
  for await (const sample of samples) all.push(sample);
  return all;
}

const walk = Array.from({ length: 11 }, (_, at) => 20 + at * 3);

test('each frame becomes a sample, in order, though the decoder uses its memory again', async () => {
  const { context } = createContext();
  const samples = await collect(readPoses(video(walk), context));
  expect(samples.map(({ index }) => index)).toEqual(walk.map((_, at) => at));
  expect(samples.map(({ people }) => people[0]?.keypoints[0]?.[0])).toEqual(walk);
  expect(samples.map(({ people }) => people[0]?.id)).toEqual(walk.map(() => 1));
  expect(samples[0]).toMatchObject({ timeMs: 0, layout: 'coco17', started: [1], ended: [] });
});

test('answers that come late and out of turn change nothing', async () => {
  const held: (() => void)[] = [];
  const { context } = createContext({
    async ask(request) {
      // Every second one is answered only when the next is asked for, or nothing else is left to do.
      if (held.length === 0 && request.kind === 'find')
        await new Promise<void>((resolve) => {
          held.push(resolve);
          setImmediate(resolve);
        });
      else for (const release of held.splice(0)) release();
      return answer(request);
    },
  });
  const samples = await collect(readPoses(video(walk), context));
  expect(samples.map(({ people }) => people[0]?.keypoints[0]?.[0])).toEqual(walk);
});

test('no more frames are taken ahead than memory is allowed for', async () => {
  const bytes = 8 * 4 * 3;
  for (const frames of [3, 6, 40]) {
    let taken = 0;
    let most = 0;
    let given = 0;
    const { context } = createContext({ maxBytes: frames * bytes });
    const places = Array.from({ length: 60 }, () => 30);
    for await (const { index } of readPoses(
      video(places, () => (taken += 1)),
      context,
    )) {
      given = index;
      most = Math.max(most, taken - given);
    }
    expect([given, most <= frames + 1]).toEqual([59, true]);
  }
});

test('with a detector at every fourth frame, people are in between where the way takes them', async () => {
  const { context, asked } = createContext({ settings: { ...DEFAULT_READ_SETTINGS, detectEvery: 4 } });
  const samples = await collect(readPoses(video(walk), context));
  expect(asked.filter(({ kind }) => kind === 'find').map(({ images }) => images.length)).toEqual([1, 1, 1]);
  expect(samples.map(({ people }) => people[0]?.isBetween ?? false)).toEqual(
    walk.map((_, at) => at % 4 !== 0),
  );
  // Postures are read in the frame itself; boxes lie on the line, at the end where the person was last found.
  expect(samples.map(({ people }) => people[0]?.keypoints[0]?.[0])).toEqual(walk);
  const left = samples.map(({ people }) => people[0]?.box.x_min);
  expect(left).toEqual([...walk.slice(0, 9), 44, 44]);
});

test('between a find and none nobody is made up', async () => {
  const { context } = createContext({ settings: { ...DEFAULT_READ_SETTINGS, detectEvery: 2 } });
  const samples = await collect(readPoses(video([30, 30, 30, 30, 0, 0, 30, 30]), context));
  expect(samples.map(({ people }) => people.length)).toEqual([1, 1, 1, 0, 0, 0, 1, 1]);
});

test('a video that is read in two parts keeps the numbers of the first', async () => {
  const { context } = createContext();
  const first = await collect(readPoses(video([30, 32, 34]), context));
  const tracker = JSON.parse(JSON.stringify(first.at(-1)?.tracker));
  async function* rest() {
    for await (const frame of video([38, 40])) yield { ...frame, timeMs: frame.timeMs + 300 };
  }
  const second = await collect(readPoses(rest(), context, { tracker }));
  expect(second.map(({ people }) => people[0]?.id)).toEqual([1, 1]);
  expect(second.flatMap(({ started }) => started)).toEqual([]);
});

test('a cancelled reading ends with its reason and asks for nothing more', async () => {
  const controller = new AbortController();
  const { context, asked } = createContext({
    ask: (request, signal) =>
      new Promise((resolve, reject) => {
        asked.push(request);
        signal.addEventListener('abort', () => reject(signal.reason));
        if (asked.length < 3) resolve(answer(request));
        else controller.abort(new Error('called off'));
      }),
  });
  await expect(collect(readPoses(video(walk.concat(walk)), context, controller))).rejects.toThrow(
    'called off',
  );
  const before = asked.length;
  await new Promise((resolve) => setImmediate(resolve));
  expect(asked.length).toBe(before);
});

test('whoever takes no more samples stops the threads and the decoder', async () => {
  let signalSeen: AbortSignal | undefined;
  let isClosed = false;
  const { context } = createContext({
    async ask(request, signal) {
      signalSeen = signal;
      return answer(request);
    },
  });
  async function* endless() {
    try {
      for (let index = 0; ; index++)
        yield { ...SIZE, index, timeMs: index * 100, data: new Uint8Array(96).fill(30) };
    } finally {
      isClosed = true;
    }
  }
  for await (const { index } of readPoses(endless(), context)) if (index === 5) break;
  expect([isClosed, signalSeen?.aborted]).toEqual([true, true]);
});

test('what a thread fails with reaches whoever reads', async () => {
  const { context } = createContext({ ask: () => Promise.reject(new Error('the model broke')) });
  await expect(collect(readPoses(video(walk), context))).rejects.toThrow('the model broke');
});

test('a frame whose bytes do not fit its size is refused', async () => {
  async function* wrong() {
    yield { ...SIZE, index: 7, timeMs: 0, data: new Uint8Array(95) };
  }
  await expect(collect(readPoses(wrong(), createContext().context))).rejects.toThrow(
    'frame 7 has 95 bytes; 8-bit RGB of 8 x 4 pixels has 96',
  );
});

test('a video without frames, or without people, has no people', async () => {
  const { context } = createContext();
  expect(await collect(readPoses(video([]), context))).toEqual([]);
  const empty = await collect(readPoses(video([0, 0, 0]), context));
  expect(empty.map(({ people, layout }) => [people.length, layout])).toEqual(Array(3).fill([0, undefined]));
});

test('large frames are taken in smaller groups, and always at least one', () => {
  expect(planGroups({ detectEvery: 1 }, 2, 100)).toEqual({ size: 4, ahead: 3 });
  expect(planGroups({ detectEvery: 1 }, 2, 5)).toEqual({ size: 1, ahead: 3 });
  expect(planGroups({ detectEvery: 1 }, 2, 1)).toEqual({ size: 1, ahead: 1 });
  expect(planGroups({ detectEvery: 8 }, 2, 100)).toEqual({ size: 8, ahead: 3 });
  expect(planGroups({ detectEvery: 8 }, 2, 9)).toEqual({ size: 8, ahead: 1 });
});
