import { expect, test } from 'vitest';
import { selectFiles } from './select-files.ts';

const select = (files: readonly string[], options: Parameters<typeof selectFiles>[2] = {}) =>
  selectFiles(files, 'hf:acme/model', options);

test('weights of one contract and number format are taken with their data and what describes them', () => {
  const files = [
    ...[
      '.gitattributes',
      'README.md',
      'config.json',
      'tokenizer.json',
      'model.safetensors',
      'samples/a.json',
    ],
    ...['onnx/vision_encoder.onnx', 'onnx/vision_encoder.onnx_data', 'onnx/vision_encoder.onnx_data_1'],
    ...[
      'onnx/prompt_encoder_mask_decoder.onnx',
      'onnx/vision_encoder_fp16.onnx',
      'onnx/vision_encoder_fp16.onnx_data',
    ],
    'onnx/prompt_encoder_mask_decoder_fp16.onnx',
  ];
  expect(select(files)).toEqual({
    contracts: ['sam2', 'sam3-tracker'],
    dtypes: ['fp32'],
    files: [
      ...['README.md', 'config.json', 'onnx/prompt_encoder_mask_decoder.onnx', 'onnx/vision_encoder.onnx'],
      ...['onnx/vision_encoder.onnx_data', 'onnx/vision_encoder.onnx_data_1', 'tokenizer.json'],
    ],
  });
  expect(select(files, { dtypes: ['fp16'] }).files.filter((file) => file.startsWith('onnx/'))).toEqual([
    ...['onnx/prompt_encoder_mask_decoder_fp16.onnx', 'onnx/vision_encoder_fp16.onnx'],
    'onnx/vision_encoder_fp16.onnx_data',
  ]);
});

test('CLIP’s towers go before the file that holds both, which has a detector’s name', () => {
  const files = ['onnx/model.onnx', 'onnx/vision_model.onnx', 'onnx/text_model.onnx'];
  expect(select(files)).toMatchObject({
    contracts: ['clip'],
    files: ['onnx/text_model.onnx', 'onnx/vision_model.onnx'],
  });
  expect(select(files, { contract: 'rf-detr' }).files).toEqual(['onnx/model.onnx']);
});

test('a tower that CLIP can do without is taken where it is there', () => {
  expect(select(['vision_model.onnx', 'x.txt']).files).toEqual(['vision_model.onnx']);
});

test('the only number format there is needs no asking, one of several does', () => {
  const only = ['onnx/model_int8.onnx', 'config.json'];
  expect(select(only)).toMatchObject({ dtypes: ['int8'], files: ['config.json', 'onnx/model_int8.onnx'] });
  expect(() => select(['onnx/model_int8.onnx', 'onnx/model_fp16.onnx'])).toThrow(
    'hf:acme/model has no fp32 weights. It has fp16, int8: choose by --dtype.',
  );
});

test('a card of one’s own names its files', () => {
  const card = {
    ...({ id: 'm', contract: 'rf-detr', demo: false, licence: 'mine', source: 'me', dtype: 'fp16' } as const),
    roles: { model: 'weights/best.onnx' },
    files: { 'weights/best.onnx': hash, 'classes.txt': hash },
  };
  const listed = ['weights/best.onnx', 'weights/best.onnx.data', 'classes.txt', 'notes.txt'];
  expect(select(listed, { card })).toEqual({
    contracts: ['rf-detr'],
    dtypes: ['fp16'],
    files: ['classes.txt', 'weights/best.onnx', 'weights/best.onnx.data'],
  });
});

const hash = { sha256: 'a'.repeat(64), bytes: 1 };
