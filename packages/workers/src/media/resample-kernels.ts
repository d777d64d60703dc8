// The inner loops of the two resampling passes as WebAssembly SIMD functions. A product of an 8-bit pixel and a 23-bit
// weight fits no 16-bit lane, so each weight comes in two parts, weight = high * 2^15 + low: two taps of four values are
// one instruction for either part, and both sums put together are the exact 32-bit sum of the plain loops.

import { PRECISION_BITS } from './resample-coefficients.ts';
import {
  add,
  add32,
  type Code,
  constant,
  dot16,
  instantiate,
  type Locals,
  load8Bytes,
  load16Bytes,
  loadInteger,
  loadToAllLanes,
  narrow16ToBytes,
  narrow32To16,
  pickBytes,
  repeatWhileBelow,
  shiftLeft32,
  shiftRight32,
  splat32,
  store16Bytes,
  storeByteLane,
  storeTwoByteLane,
  type WasmFunction,
  type WasmMemory,
  widenHigh8,
  widenLow8,
  zeros,
} from './wasm-assembler.ts';

export const LOW_BITS = 15;
/** In a table: the low parts of two taps, then their high parts, 16 bits each. */
export const PAIR_BYTES = 8;
/** In a table, before the weights of an output position: where its first tap lies, in bytes. */
export const OFFSET_BYTES = 4;
/** Rows that `columns` takes at once, which share one load of the weights. */
export const ROWS_AT_ONCE = 4;
/** Bytes that `rows` reads and writes at once. */
export const BLOCK_BYTES = 16;

/** All addresses are in bytes; tables hold `pairBytes` of weights for each output position. */
export interface ResampleKernels {
  /**
   * Horizontal pass from `input` to the rows that lie between `output` and `rowsEnd`, a multiple of `ROWS_AT_ONCE` of
   * `outputStride` each.
   */
  columns(
    input: number,
    stride: number,
    output: number,
    outputStride: number,
    rowsEnd: number,
    table: number,
    tableEnd: number,
    pairBytes: number,
  ): void;
  /** Vertical pass: one row of `stride` bytes at `output` for each entry of the table. */
  rows(
    input: number,
    stride: number,
    output: number,
    table: number,
    tableEnd: number,
    pairBytes: number,
  ): void;
}

/** @returns undefined where the processor has no SIMD that WebAssembly can use. */
export function createResampleKernels(memory: WasmMemory): ResampleKernels | undefined {
  return instantiate([columnsKernel, rowsKernel], memory) as ResampleKernels | undefined;
}

const four = [0, 1, 2, 3] as const;
const each = (code: (index: number) => Code): Code => four.flatMap((index) => [...code(index)]);

const half: Code = splat32(constant(1 << (PRECISION_BITS - 1)));

const clearSums = ({ set }: Locals): Code =>
  each((i) => [...set(`low${i}`, half), ...set(`high${i}`, zeros)]);

const readWeights = ({ get, set }: Locals): Code => [
  ...set('low', loadToAllLanes(get('weights'))),
  ...set('high', loadToAllLanes(get('weights'), 4)),
  ...set('weights', add(get('weights'), constant(PAIR_BYTES))),
];

/** Adds two taps, whose values lie side by side in 16-bit lanes, to sum `i`. */
const addPair = ({ get, set }: Locals, i: number): Code => [
  ...set(`low${i}`, add32(get(`low${i}`), dot16(get('pixels'), get('low')))),
  ...set(`high${i}`, add32(get(`high${i}`), dot16(get('pixels'), get('high')))),
];

/** Sixteen levels: both parts of each sum together, shifted and clamped. */
function levels({ get }: Locals): Code {
  const level = (i: number) =>
    shiftRight32(add32(shiftLeft32(get(`high${i}`), LOW_BITS), get(`low${i}`)), PRECISION_BITS);
  return narrow16ToBytes(narrow32To16(level(0), level(1)), narrow32To16(level(2), level(3)));
}

const SUMS = four.flatMap((i) => [`low${i}`, `high${i}`]);

/** Byte 8 of what was loaded is 0: the two pixels' channels side by side, widened to 16 bits. */
const PIXEL_PAIR = [0, 8, 3, 8, 1, 8, 4, 8, 2, 8, 5, 8, 8, 8, 8, 8];

const columnsKernel: WasmFunction = {
  name: 'columns',
  parameters: ['input', 'stride', 'output', 'outputStride', 'rowsEnd', 'table', 'tableEnd', 'pairBytes'],
  integers: ['entry', 'weights', 'weightsEnd', 'to', 'at0', 'at1', 'at2', 'at3'],
  vectors: ['low', 'high', 'pixels', ...SUMS],
  body(locals) {
    const { get, set } = locals;
    const addTwoPixels = (i: number): Code => [
      ...set('pixels', load8Bytes(get(`at${i}`))),
      ...set('pixels', pickBytes(get('pixels'), get('pixels'), PIXEL_PAIR)),
      ...addPair(locals, i),
      ...set(`at${i}`, add(get(`at${i}`), constant(6))),
    ];
    const storePixel = (i: number): Code => [
      ...storeTwoByteLane(get('to'), get('pixels'), i * 2),
      ...storeByteLane(get('to'), get('pixels'), i * 4 + 2, 2),
      ...set('to', add(get('to'), get('outputStride'))),
    ];
    const next = (i: number) =>
      i === 0 ? add(get('input'), loadInteger(get('entry'))) : add(get(`at${i - 1}`), get('stride'));
    const column: Code = [
      ...each((i) => set(`at${i}`, next(i))),
      ...set('weights', add(get('entry'), constant(OFFSET_BYTES))),
      ...set('weightsEnd', add(get('weights'), get('pairBytes'))),
      ...clearSums(locals),
      ...repeatWhileBelow(get('weights'), get('weightsEnd'), [...readWeights(locals), ...each(addTwoPixels)]),
      ...set('entry', get('weightsEnd')),
      ...set('pixels', levels(locals)),
      ...set('to', get('output')),
      ...each(storePixel),
      ...set('output', add(get('output'), constant(3))),
    ];
    return repeatWhileBelow(get('output'), get('rowsEnd'), [
      ...set('entry', get('table')),
      ...repeatWhileBelow(get('entry'), get('tableEnd'), column),
      ...each(() => set('input', add(get('input'), get('stride')))),
      // One row was walked along already.
      ...four.slice(1).flatMap(() => [...set('output', add(get('output'), get('outputStride')))]),
    ]);
  },
};

const FIRST_HALVES = [0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23];
const SECOND_HALVES = FIRST_HALVES.map((index) => index + 8);

const rowsKernel: WasmFunction = {
  name: 'rows',
  parameters: ['input', 'stride', 'output', 'table', 'tableEnd', 'pairBytes'],
  integers: ['source', 'at', 'weights', 'weightsEnd', 'rowEnd'],
  vectors: ['low', 'high', 'pixels', 'upper', 'lower', 'pairs', ...SUMS],
  body(locals) {
    const { get, set } = locals;
    const addHalf = (halves: readonly number[], i: number): Code => [
      ...set('pairs', pickBytes(get('upper'), get('lower'), halves)),
      ...set('pixels', widenLow8(get('pairs'))),
      ...addPair(locals, i),
      ...set('pixels', widenHigh8(get('pairs'))),
      ...addPair(locals, i + 1),
    ];
    const block: Code = [
      ...set('at', get('source')),
      ...set('weights', add(get('table'), constant(OFFSET_BYTES))),
      ...clearSums(locals),
      ...repeatWhileBelow(get('weights'), get('weightsEnd'), [
        ...readWeights(locals),
        ...set('upper', load16Bytes(get('at'))),
        ...set('at', add(get('at'), get('stride'))),
        ...set('lower', load16Bytes(get('at'))),
        ...set('at', add(get('at'), get('stride'))),
        ...addHalf(FIRST_HALVES, 0),
        ...addHalf(SECOND_HALVES, 2),
      ]),
      ...store16Bytes(get('output'), levels(locals)),
      ...set('output', add(get('output'), constant(BLOCK_BYTES))),
      ...set('source', add(get('source'), constant(BLOCK_BYTES))),
    ];
    return repeatWhileBelow(get('table'), get('tableEnd'), [
      ...set('source', add(get('input'), loadInteger(get('table')))),
      ...set('weightsEnd', add(add(get('table'), constant(OFFSET_BYTES)), get('pairBytes'))),
      ...set('rowEnd', add(get('output'), get('stride'))),
      ...repeatWhileBelow(get('output'), get('rowEnd'), block),
      ...set('output', get('rowEnd')),
      ...set('table', get('weightsEnd')),
    ]);
  },
};
