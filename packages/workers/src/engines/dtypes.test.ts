import { expect, test } from 'vitest';
import { DTYPES, dtypeOf, withDtype } from './dtypes.ts';

test('files in other number formats have the names that the public exports give them', () => {
  expect(DTYPES.map((dtype) => withDtype('onnx/model.onnx', dtype))).toEqual([
    ...['onnx/model.onnx', 'onnx/model_fp16.onnx', 'onnx/model_int8.onnx', 'onnx/model_uint8.onnx'],
    ...['onnx/model_quantized.onnx', 'onnx/model_q4.onnx', 'onnx/model_q4f16.onnx', 'onnx/model_bnb4.onnx'],
  ]);
});

test('a file’s name tells its number format, also of int8 and uint8, fp16 and q4f16', () => {
  for (const dtype of DTYPES) expect(dtypeOf(withDtype('any_model.onnx', dtype))).toBe(dtype);
});
