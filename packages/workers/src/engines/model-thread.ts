import type { Tensors } from './engine.ts';
import { createOnnxEngine, type OnnxOptions } from './onnx.ts';
import { serveThread } from './serve-thread.ts';
import { tensorBuffers } from './tensor-buffers.ts';

/** Entry of a thread that serves one model file: feeds in, outputs out. `thread-engine.ts` is its other end. */
export interface ModelThreadData {
  readonly file: string;
  readonly options: OnnxOptions;
  /** One run on these warms the model up. */
  readonly warmUpFeeds?: Tensors | undefined;
}

// A spare thread waits for its model; the runtime is there when that comes.
import('onnxruntime-node').catch(() => undefined);

await serveThread(async (data) => {
  const { file, options, warmUpFeeds } = data as ModelThreadData;
  const engine = await createOnnxEngine(file, options);
  return {
    info: { engine: engine.info, inputs: engine.inputs, outputs: engine.outputs },
    async warmUp(signal) {
      if (warmUpFeeds !== undefined) await engine.run(warmUpFeeds, { signal });
    },
    async run(request, { signal, transfer }) {
      const outputs = await engine.run(request as Tensors, { signal });
      transfer(tensorBuffers(outputs));
      return outputs;
    },
  };
});
