import { expect, test } from 'vitest';
import { decideProvider, hasVisibleCard, type ProviderFacts } from './providers.ts';

const libraries = ['shared', 'cuda', 'tensorrt'].map((name) => `libonnxruntime_providers_${name}.so`);
const facts = (changes: Partial<ProviderFacts> = {}): ProviderFacts => ({
  ...{ hasCard: true, missing: [], folder: '/app/onnxruntime/linux/x64' },
  ...changes,
});

test('auto takes the card where there is one and everything for it is installed', () => {
  expect(decideProvider('auto', facts())).toEqual({ provider: 'cuda' });
  expect(decideProvider('auto', facts({ missing: libraries.slice(2) }))).toEqual({ provider: 'cuda' });
});

test('auto falls back to the CPU and says why', () => {
  expect(decideProvider('auto', facts({ hasCard: false }))).toEqual({
    provider: 'cpu',
    note: 'Models run on the CPU: no NVIDIA card is visible here.',
  });
});

test('the reason, which everybody may read, names no folder of the machine', () => {
  expect(decideProvider('auto', facts({ missing: libraries })).note).toBe(
    `Models run on the CPU: ONNX Runtime's CUDA libraries are not installed: ${libraries.join(', ')}.`,
  );
});

test('cpu asks for nothing else', () => {
  expect(decideProvider('cpu', facts())).toEqual({ provider: 'cpu' });
});

test('cuda that cannot be had is refused with what is missing, where, and what to do', () => {
  const ask = (changes: Partial<ProviderFacts>) => () => decideProvider('cuda', facts(changes));
  expect(ask({ missing: libraries })).toThrow(
    "ONNX_PROVIDER=cuda, but ONNX Runtime's CUDA libraries are not installed: libonnxruntime_providers_shared.so, libonnxruntime_providers_cuda.so, libonnxruntime_providers_tensorrt.so in /app/onnxruntime/linux/x64. They come with",
  );
  expect(ask({ hasCard: false })).toThrow(
    'ONNX_PROVIDER=cuda, but no NVIDIA card is visible here. ONNX_PROVIDER=cpu runs the models on the CPU.',
  );
  expect(ask({ hasCard: false, missing: libraries })).toThrow(/no NVIDIA card is visible here, and ONNX/);
});

test('a card counts when its device is there and CUDA is not told to overlook it', () => {
  const devices = (names: string[]) => () => names;
  expect(hasVisibleCard({}, devices(['null', 'nvidia0', 'nvidiactl']))).toBe(true);
  expect(hasVisibleCard({}, devices(['dxg']))).toBe(true);
  expect(hasVisibleCard({}, devices(['nvidiactl', 'nvidia-uvm']))).toBe(false);
  expect(hasVisibleCard({ CUDA_VISIBLE_DEVICES: '1' }, devices(['nvidia1']))).toBe(true);
  expect(hasVisibleCard({ CUDA_VISIBLE_DEVICES: '' }, devices(['nvidia0']))).toBe(false);
  expect(hasVisibleCard({ CUDA_VISIBLE_DEVICES: '-1' }, devices(['nvidia0']))).toBe(false);
});
