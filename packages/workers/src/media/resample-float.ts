/**
 * A plane of floats scaled bilinearly to `outWidth` x `outHeight`, as PyTorch's
 * `interpolate(mode='bilinear', align_corners=False, antialias=False)` does it: mask logits and heat maps.
 * Equal to PyTorch within the rounding of single precision.
 */
export function resizeFloatBilinear(
  source: Float32Array,
  width: number,
  height: number,
  outWidth: number,
  outHeight: number,
): Float32Array {
  if (source.length !== width * height || outWidth < 1 || outHeight < 1) {
    throw new RangeError(
      `cannot resize ${source.length} values as ${width} x ${height} to ${outWidth} x ${outHeight}`,
    );
  }
  const columns = bilinearTaps(width, outWidth);
  const rows = bilinearTaps(height, outHeight);
  const output = new Float32Array(outWidth * outHeight);
  // Each source row is stretched once; neighbours share it when enlarging.
  const stretched = new Map<number, Float32Array>();
  const stretch = (row: number) => {
    const known = stretched.get(row);
    if (known) return known;
    const line = stretchRow(source.subarray(row * width, (row + 1) * width), columns);
    for (const old of stretched.keys()) if (old < row - 1) stretched.delete(old);
    stretched.set(row, line);
    return line;
  };
  for (let y = 0; y < outHeight; y++) {
    const upper = stretch(rows.low[y] as number);
    const lower = stretch(rows.high[y] as number);
    const weight = rows.weight[y] as number;
    const rest = 1 - weight;
    const at = y * outWidth;
    for (let x = 0; x < outWidth; x++) {
      output[at + x] = rest * (upper[x] as number) + weight * (lower[x] as number);
    }
  }
  return output;
}

export interface BilinearTaps {
  readonly low: Int32Array;
  readonly high: Int32Array;
  /** Weight of `high`; the rest goes to `low`. */
  readonly weight: Float32Array;
}

/** PyTorch computes positions in single precision. */
export function bilinearTaps(size: number, outSize: number): BilinearTaps {
  const low = new Int32Array(outSize);
  const high = new Int32Array(outSize);
  const weight = new Float32Array(outSize);
  const scale = Math.fround(size / outSize);
  for (let out = 0; out < outSize; out++) {
    const position = Math.max(0, Math.fround(Math.fround(scale * (out + 0.5)) - 0.5));
    const cell = Math.min(Math.floor(position), size - 1);
    low[out] = cell;
    high[out] = Math.min(cell + 1, size - 1);
    weight[out] = Math.min(position - cell, 1);
  }
  return { low, high, weight };
}

function stretchRow(row: Float32Array, columns: BilinearTaps): Float32Array {
  const { low, high, weight } = columns;
  const line = new Float32Array(low.length);
  for (let x = 0; x < line.length; x++) {
    const share = weight[x] as number;
    line[x] = (1 - share) * (row[low[x] as number] as number) + share * (row[high[x] as number] as number);
  }
  return line;
}
