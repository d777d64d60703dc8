import type { Engine, Tensors } from '../../src/engines/engine.ts';
import { createOnnxEngine } from '../../src/engines/onnx.ts';

/** An engine that keeps what went in and came out last. */
export interface SpyEngine extends Engine {
  readonly last: { feeds: Tensors; outputs: Tensors };
}

export async function spyOn(file: string): Promise<SpyEngine> {
  const engine = await createOnnxEngine(file, { threads: 2 });
  const last: SpyEngine['last'] = { feeds: {}, outputs: {} };
  return {
    ...engine,
    last,
    async run(feeds, options) {
      last.feeds = feeds;
      last.outputs = await engine.run(feeds, options);
      return last.outputs;
    },
  };
}
