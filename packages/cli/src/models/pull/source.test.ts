import { expect, test } from 'vitest';
import { nameOfSource, parseSource, sourceId } from './source.ts';

test.each([
  ['hf:acme/rfdetr_nano-ONNX', 'hf:acme/rfdetr_nano-ONNX', 'rfdetr_nano-ONNX'],
  ['hf:acme/clip@v1.0', 'hf:acme/clip', 'clip'],
  ['https://huggingface.co/acme/clip/tree/main', 'hf:acme/clip', 'clip'],
  ['s3://bucket/a/b/', 's3://bucket/a/b', 'b'],
  ['https://example.test/models/walls/model.json', 'https://example.test/models/walls', 'walls'],
  ['https://example.test/models/walls/', 'https://example.test/models/walls', 'walls'],
  [
    'https://example.test/dl/My%20model.onnx?sig=secret',
    'https://example.test/dl/My%20model.onnx',
    'My-model',
  ],
])('%s is one place under one name, however it is written', (text, id, name) => {
  const source = parseSource(text);
  expect([sourceId(source), nameOfSource(source)]).toEqual([id, name]);
});

test('a revision stands behind the @', () => {
  expect(parseSource('hf:acme/clip@refs/pr/3')).toMatchObject({
    repository: 'acme/clip',
    revision: 'refs/pr/3',
  });
  expect(parseSource('hf:acme/clip')).not.toHaveProperty('revision');
});

test.each([
  '',
  'clip',
  'hf:clip',
  'hf:../clip',
  'hf:a/b@',
  's3://',
  's3://bucket/',
  'ftp://x/y',
  'https://me:pw@x.test/y.onnx',
])('"%s" is refused as wrong use', (text) => {
  expect(() => parseSource(text)).toThrow(expect.objectContaining({ code: 'WRONG_USE' }));
});
