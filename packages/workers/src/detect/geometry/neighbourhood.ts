// The eight neighbours of a pixel as one byte, and what a byte says: may the pixel go without changing the
// shape's connections, and may Guo-Hall thinning take it. Tables of 256 answers, made once.
// Bits, clockwise from above: 1 N, 2 NE, 4 E, 8 SE, 16 S, 32 SW, 64 W, 128 NW.
import type { Grid } from './grid.ts';

/** Neighbour byte of a pixel. */
export function neighbourCode(set: Uint8Array, p: number, stride: number): number {
  return (
    (set[p - stride] as number) |
    ((set[p - stride + 1] as number) << 1) |
    ((set[p + 1] as number) << 2) |
    ((set[p + stride + 1] as number) << 3) |
    ((set[p + stride] as number) << 4) |
    ((set[p + stride - 1] as number) << 5) |
    ((set[p - 1] as number) << 6) |
    ((set[p - stride - 1] as number) << 7)
  );
}

/** Index steps to the neighbours, in the order of the bits; odd positions are diagonal. */
export function neighbourSteps(grid: Grid): Int32Array {
  const { stride } = grid;
  return Int32Array.of(-stride, -stride + 1, 1, stride + 1, stride, stride - 1, -1, -stride - 1);
}

/** Number of neighbours. */
export const NEIGHBOUR_COUNT = Uint8Array.from({ length: 256 }, (_, code) => countBits(code));

/**
 * 1 where removing the pixel neither splits the shape nor opens or closes a hole (8-connected shape,
 * 4-connected background): its neighbours form exactly one group (Hilditch's crossing number is 1).
 */
export const IS_SIMPLE = Uint8Array.from({ length: 256 }, (_, code) => (crossings(code) === 1 ? 1 : 0));

/** 1 where the two half passes of Guo and Hall (1989, algorithm A1) delete a pixel. */
export const GUO_HALL: readonly [Uint8Array, Uint8Array] = [guoHallTable(0), guoHallTable(1)];

function guoHallTable(half: 0 | 1): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => {
    const [n, ne, e, se, s, sw, w, nw] = bits(code);
    const pairs = Math.min(
      (nw | n) + (ne | e) + (se | s) + (sw | w),
      (n | ne) + (e | se) + (s | sw) + (w | nw),
    );
    const held = half === 0 ? (s | sw | (1 - nw)) & w : (n | ne | (1 - se)) & e;
    return crossings(code) === 1 && pairs >= 2 && pairs <= 3 && held === 0 ? 1 : 0;
  });
}

function crossings(code: number): number {
  const [n, ne, e, se, s, sw, w, nw] = bits(code);
  return ((1 - n) & (ne | e)) + ((1 - e) & (se | s)) + ((1 - s) & (sw | w)) + ((1 - w) & (nw | n));
}

type Bits = [number, number, number, number, number, number, number, number];

function bits(code: number): Bits {
  const bit = (position: number): number => (code >> position) & 1;
  return [bit(0), bit(1), bit(2), bit(3), bit(4), bit(5), bit(6), bit(7)];
}

function countBits(code: number): number {
  return bits(code).reduce((sum, bit) => sum + bit, 0);
}
