import path from 'node:path';

/**
 * Number formats in which the public ONNX exports offer the same weights, and what each adds to a file's name
 * (`onnx/model.onnx`, `onnx/model_fp16.onnx`, …), as transformers.js names them.
 */
const SUFFIXES = {
  fp32: '',
  fp16: '_fp16',
  int8: '_int8',
  uint8: '_uint8',
  q8: '_quantized',
  q4: '_q4',
  q4f16: '_q4f16',
  bnb4: '_bnb4',
} as const;

export type Dtype = keyof typeof SUFFIXES;

export const DTYPES = Object.keys(SUFFIXES) as [Dtype, ...Dtype[]];

export const DEFAULT_DTYPE: Dtype = 'fp32';

/** `onnx/model.onnx` → `onnx/model_fp16.onnx`. */
export function withDtype(file: string, dtype: Dtype): string {
  const { dir, name, ext } = path.posix.parse(file);
  return path.posix.join(dir, `${name}${SUFFIXES[dtype]}${ext}`);
}

/** The number format that a file's name speaks of; `fp32` where it speaks of none. */
export function dtypeOf(file: string): Dtype {
  const { name } = path.posix.parse(file);
  const named = DTYPES.filter((dtype) => SUFFIXES[dtype] !== '' && name.endsWith(SUFFIXES[dtype]));
  return named[0] ?? DEFAULT_DTYPE;
}
