import { expect, test } from 'vitest';
import { uniqueNames } from './unique-names.ts';

test('results of files with one name in two folders, or two endings, do not take each other’s place', () => {
  expect(uniqueNames(['wall.jpg', 'wall.png', 'Wall.webp', 'beam.jpg'])).toEqual([
    'wall',
    'wall-2',
    'Wall-3',
    'beam',
  ]);
  expect(uniqueNames(['wall-2.jpg', 'wall.jpg', 'wall.png'])).toEqual(['wall-2', 'wall', 'wall-3']);
});
