// The resampler's two passes on the SIMD kernels: same pictures in and out as the plain passes, bit for bit. Pictures go
// through a few megabytes of WebAssembly memory strip by strip, however large they are.

import type { RgbImage } from './raster.ts';
import type { AxisCoefficients } from './resample-coefficients.ts';
import {
  BLOCK_BYTES,
  createResampleKernels,
  LOW_BITS,
  OFFSET_BYTES,
  PAIR_BYTES,
  type ResampleKernels,
  ROWS_AT_ONCE,
} from './resample-kernels.ts';
import type { ResamplePasses } from './resample-plain.ts';
import { createMemory, WASM_PAGE_BYTES, type WasmMemory } from './wasm-assembler.ts';

/** Input bytes of a strip: large enough to forget what a strip costs, small enough for a core's cache. */
const STRIP_BYTES = 1 << 20;

/** @returns undefined where the processor has no SIMD that WebAssembly can use. */
export function createSimdPasses(stripBytes = STRIP_BYTES): ResamplePasses | undefined {
  const memory = createMemory();
  const kernels = createResampleKernels(memory);
  if (kernels === undefined) return undefined;
  const machine = { memory, kernels, stripBytes };
  return {
    columns: (...pass) => resampleColumns(machine, ...pass),
    rows: (...pass) => resampleRows(machine, ...pass),
  };
}

interface Machine {
  readonly memory: WasmMemory;
  readonly kernels: ResampleKernels;
  readonly stripBytes: number;
}

/** Places of so many bytes each in the memory, one after the other, with the memory large enough for all of them. */
function reserve({ memory }: Machine, ...sizes: readonly number[]): number[] {
  let end = 0;
  const places = sizes.map((size) => {
    const start = end;
    end += Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
    return start;
  });
  const missing = end - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / WASM_PAGE_BYTES));
  return places;
}

function resampleColumns(
  machine: Machine,
  image: RgbImage,
  axis: AxisCoefficients,
  width: number,
  firstRow: number,
  endRow: number,
): RgbImage {
  const { kernels, memory, stripBytes } = machine;
  const stride = image.width * 3;
  const outputStride = width * 3;
  const height = endRow - firstRow;
  const data = new Uint8Array(outputStride * height);
  const table = createTable(axis, 0, width, (start) => start * 3);
  const strip = Math.ceil(Math.max(1, stripBytes / stride) / ROWS_AT_ONCE) * ROWS_AT_ONCE;
  // The last pixel of the last row reads past its end, at weight 0.
  const slack = axis.mostTaps * 3 + BLOCK_BYTES;
  const places = reserve(machine, table.bytes.length, strip * stride + slack, strip * outputStride);
  const [tableAt = 0, inputAt = 0, outputAt = 0] = places;
  const view = new Uint8Array(memory.buffer);
  view.set(table.bytes, tableAt);
  for (let row = 0; row < height; row += strip) {
    const rows = Math.min(strip, height - row);
    view.set(image.data.subarray((firstRow + row) * stride, (firstRow + row + rows) * stride), inputAt);
    const rowsEnd = outputAt + Math.ceil(rows / ROWS_AT_ONCE) * ROWS_AT_ONCE * outputStride;
    const tableEnd = tableAt + table.bytes.length;
    kernels.columns(inputAt, stride, outputAt, outputStride, rowsEnd, tableAt, tableEnd, table.pairBytes);
    data.set(view.subarray(outputAt, outputAt + rows * outputStride), row * outputStride);
  }
  return { width, height, data };
}

function resampleRows(
  machine: Machine,
  image: RgbImage,
  axis: AxisCoefficients,
  height: number,
  firstRow: number,
): RgbImage {
  const { kernels, memory, stripBytes } = machine;
  const stride = image.width * 3;
  const data = new Uint8Array(stride * height);
  for (let row = 0; row < height; ) {
    const end = stripEnd(axis, row, height, Math.max(1, stripBytes / stride));
    const top = axis.starts[row] as number;
    const bottom = (axis.starts[end - 1] as number) + (axis.counts[end - 1] as number);
    const table = createTable(axis, row, end, (start) => (start - top) * stride);
    // Taps that an edge cut off are read all the same, at weight 0.
    const slack = (axis.mostTaps + 1) * stride + BLOCK_BYTES;
    const outputBytes = (end - row) * stride;
    const places = reserve(
      machine,
      table.bytes.length,
      (bottom - top) * stride + slack,
      outputBytes + BLOCK_BYTES,
    );
    const [tableAt = 0, inputAt = 0, outputAt = 0] = places;
    const view = new Uint8Array(memory.buffer);
    view.set(table.bytes, tableAt);
    view.set(image.data.subarray((top - firstRow) * stride, (bottom - firstRow) * stride), inputAt);
    kernels.rows(inputAt, stride, outputAt, tableAt, tableAt + table.bytes.length, table.pairBytes);
    data.set(view.subarray(outputAt, outputAt + outputBytes), row * stride);
    row = end;
  }
  return { width: image.width, height, data };
}

/** Output rows from `row` on whose taps lie within `inputRows` rows; one at least. */
function stripEnd(
  { starts, counts }: AxisCoefficients,
  row: number,
  height: number,
  inputRows: number,
): number {
  const top = starts[row] as number;
  let end = row + 1;
  while (end < height && (starts[end] as number) + (counts[end] as number) - top <= inputRows) end++;
  return end;
}

/** Offset and weights of the output positions [`from`, `to`), in the form that the kernels read. */
function createTable(
  axis: AxisCoefficients,
  from: number,
  to: number,
  offsetOf: (start: number) => number,
): { bytes: Uint8Array; pairBytes: number } {
  const pairs = Math.ceil(axis.mostTaps / 2);
  const entryBytes = OFFSET_BYTES + pairs * PAIR_BYTES;
  const parts = new Int16Array(((to - from) * entryBytes) / 2);
  const offsets = new DataView(parts.buffer);
  for (let position = from; position < to; position++) {
    const entry = (position - from) * entryBytes;
    offsets.setInt32(entry, offsetOf(axis.starts[position] as number), true);
    for (let tap = 0; tap < (axis.counts[position] as number); tap++) {
      const weight = axis.weights[position * axis.taps + tap] as number;
      const at = (entry + OFFSET_BYTES) / 2 + (tap >> 1) * 4 + (tap & 1);
      parts[at] = weight & ((1 << LOW_BITS) - 1);
      parts[at + 2] = weight >> LOW_BITS;
    }
  }
  return { bytes: new Uint8Array(parts.buffer), pairBytes: pairs * PAIR_BYTES };
}
