import { expect, test } from 'vitest';
import { choosePerson, NoSuchPersonError, type SeenSample } from './choose-person.ts';

const person = (id: number, x: number, height: number) => ({
  ...{ id, box: { x_min: x, x_max: x + height / 3, y_min: 100, y_max: 100 + height } },
});

/** 1 is far away and always there, 2 near for a while, 3 very near for one sample. */
const samples: SeenSample[] = Array.from({ length: 20 }, (_, at) => ({
  timeMs: at * 100,
  people: [
    person(1, 50, 120),
    ...(at >= 5 && at < 15 ? [person(2, 300, 360)] : []),
    ...(at === 9 ? [person(3, 250, 500)] : []),
  ],
}));

test.each([
  ['largest', 2],
  ['longest', 1],
  [{ track: 3 }, 3],
  [{ at: [70, 150] as const, t: 0.9 }, 1],
  [{ at: [340, 450] as const, t: 1.2 }, 2],
  [{ at: [45, 150] as const, t: 0 }, 1],
] as const)('%j means person %i', (choice, id) => {
  expect(choosePerson(samples, choice).id).toBe(id);
});

test('the chosen one comes with when they are seen, and among how many', () => {
  expect(choosePerson(samples, 'largest')).toEqual({
    id: 2,
    samples: 10,
    firstMs: 500,
    lastMs: 1400,
    among: 3,
  });
});

test.each([
  [{ track: 7 }, /There is no person 7 in the video\. There are: 1, 2, 3\./],
  [{ at: [900, 100] as const, t: 0 }, /Nobody is at 900, 100 at 0 s\. There are: 1 \(70, 160\)\./],
  [{ at: [70, 150] as const, t: 60 }, /Nobody is seen within 2 s of 60 s\./],
] as const)('%j is answered with a sentence', (choice, sentence) => {
  expect(() => choosePerson(samples, choice)).toThrow(NoSuchPersonError);
  expect(() => choosePerson(samples, choice)).toThrow(sentence);
});

test('a video without people has nobody to choose', () => {
  expect(() => choosePerson([{ timeMs: 0, people: [] }], 'longest')).toThrow(
    'Nobody was found in the video.',
  );
});
