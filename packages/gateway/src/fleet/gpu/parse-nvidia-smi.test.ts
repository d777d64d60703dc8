import { expect, test } from 'vitest';
import { GIGABYTE, MEGABYTE } from './memory-text.ts';
import { parseCardList, parseParts } from './parse-nvidia-smi.ts';

test('cards are read with their memory in bytes', () => {
  const text = [
    '0, GPU-6d9a1f0e-0000-4000-8000-000000000001, NVIDIA GeForce RTX 3090, 24576, 312, 550.54.15, [N/A]',
    '1, GPU-6d9a1f0e-0000-4000-8000-000000000002, NVIDIA T400, 2048, 0, 550.54.15, [N/A]',
    '',
  ].join('\n');
  expect(parseCardList(text)).toEqual({
    cards: [
      {
        ...{ id: 'GPU-6d9a1f0e-0000-4000-8000-000000000001', index: 0, name: 'NVIDIA GeForce RTX 3090' },
        ...{ totalBytes: 24_576 * MEGABYTE, usedBytes: 312 * MEGABYTE },
      },
      {
        ...{ id: 'GPU-6d9a1f0e-0000-4000-8000-000000000002', index: 1, name: 'NVIDIA T400' },
        ...{ totalBytes: 2_048 * MEGABYTE, usedBytes: 0 },
      },
    ],
    driverVersion: '550.54.15',
    cut: [],
    unread: [],
  });
});

test('a driver from before MIG, and line ends of Windows, are understood', () => {
  const { cards, driverVersion } = parseCardList('0, GPU-1, Tesla V100-SXM2-16GB, 16160, 3, 440.33.01\r\n');
  expect(cards).toMatchObject([{ name: 'Tesla V100-SXM2-16GB', usedBytes: 3 * MEGABYTE }]);
  expect(driverVersion).toBe('440.33.01');
});

test('a card whose use is not told has none; one whose size is not told is left out, and named', () => {
  const text = [
    '0, GPU-1, NVIDIA A30, 24576, [N/A], 550.54.15, Disabled',
    '1, GPU-2, NVIDIA GB10, [N/A], [N/A], 580.95.05, [N/A]',
    'Unable to determine the device handle for GPU0000:01:00.0: Unknown Error',
    '2, [Unknown Error], [Unknown Error], 24576, 0, 550.54.15, Disabled',
  ].join('\n');
  const { cards, unread } = parseCardList(text);
  expect(cards).toEqual([{ id: 'GPU-1', index: 0, name: 'NVIDIA A30', totalBytes: 24_576 * MEGABYTE }]);
  expect(unread).toHaveLength(3);
});

test('of a card that MIG cuts up its parts are taken, with nine tenths of what their profile says', () => {
  const { cards, cut } = parseCardList(
    '0, GPU-1, NVIDIA H100, 81559, 5, 550.54.15, Enabled\n1, GPU-2, NVIDIA H100, 81559, 5, 550.54.15, Disabled\n',
  );
  expect(cut).toEqual(['GPU-1']);
  const list = [
    'GPU 0: NVIDIA H100 (UUID: GPU-1)',
    '  MIG 3g.40gb     Device  0: (UUID: MIG-11)',
    '  MIG 1g.10gb+me  Device  1: (UUID: MIG-GPU-1/7/0)',
    'GPU 1: NVIDIA H100 (UUID: GPU-2)',
  ].join('\n');
  const parts = parseParts(list, cards);
  expect(parts).toMatchObject([
    { id: 'MIG-11', index: 0, part: '3g.40gb', name: 'NVIDIA H100' },
    { id: 'MIG-GPU-1/7/0', index: 0, part: '1g.10gb+me' },
  ]);
  expect((parts[1]?.totalBytes ?? 0) / GIGABYTE).toBeCloseTo(9.3);
  expect(parts[0]).not.toHaveProperty('usedBytes');
});
