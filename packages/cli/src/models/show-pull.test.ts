import { expect, test } from 'vitest';
import { createLines } from './show-pull.ts';

test('without a terminal a file is a line when it begins, at each quarter and when it is whole', () => {
  const lines: string[] = [];
  const view = createLines((line) => lines.push(line));
  for (const bytes of [0, 10, 250, 260, 999, 1000]) view.progress('a.onnx', bytes, 1000);
  view.done('a.onnx', 1000);
  view.progress('b.onnx', 700, 1000);
  view.progress('c.onnx', 0, undefined);
  view.progress('c.onnx', 5000, undefined);
  expect(lines).toEqual([
    ...[
      'a.onnx: fetching of 1.0 kB',
      'a.onnx: 250 B of 1.0 kB',
      'a.onnx: 999 B of 1.0 kB',
      'a.onnx: whole, 1.0 kB',
    ],
    ...['b.onnx: going on at 700 B of 1.0 kB', 'c.onnx: fetching'],
  ]);
});
