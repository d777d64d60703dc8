import type { Engine, RunOptions, Tensor, TensorInfo, Tensors } from './engine.ts';
import { ModelError } from './model-error.ts';

/**
 * ONNX Runtime as an engine. Creating a session and running it both block the thread they are called on for their whole
 * time, so this is used inside inference threads only (`thread-pool.ts`), never on the thread that talks to the gateway.
 */
export interface OnnxOptions {
  /** Threads that one run may use for its own arithmetic, 1 or more. */
  readonly threads: number;
}

/**
 * Loads a model file.
 * @throws ModelError when the file is missing, damaged or needs operators that the runtime lacks.
 */
export async function createOnnxEngine(path: string, options: OnnxOptions): Promise<Engine> {
  const ort = await import('onnxruntime-node');
  const session = await ort.InferenceSession.create(path, {
    executionProviders: ['cpu'],
    intraOpNumThreads: options.threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    // Idle threads sleep instead of spinning: a machine runs several workers, and where they share its cores spinning
    // costs the others more than it saves (two busy processes on 2 cores: 318 ms a run with it, 167 ms without).
    extra: { session: { intra_op: { allow_spinning: '0' } } },
    // Errors only: the runtime's warnings about shapes it could not fold say nothing to a user.
    logSeverityLevel: 3,
  }).catch((cause: unknown) => {
    throw new ModelError(`ONNX Runtime could not load ${path}: ${firstLine(cause)}`, { cause });
  });

  let disposed: Promise<void> | undefined;
  return {
    inputs: session.inputMetadata.map(describe),
    outputs: session.outputMetadata.map(describe),

    async run(feeds: Tensors, { signal }: RunOptions = {}): Promise<Tensors> {
      signal?.throwIfAborted();
      if (disposed !== undefined) {
        throw new Error(`The model ${path} was already unloaded.`);
      }
      const native: Record<string, InstanceType<typeof ort.Tensor>> = {};
      for (const [name, tensor] of Object.entries(feeds)) {
        native[name] = new ort.Tensor(tensor.type, tensor.data, tensor.dims);
      }
      const outputs: Record<string, Tensor> = {};
      for (const [name, value] of Object.entries(await session.run(native))) {
        outputs[name] = { type: value.type, data: value.data, dims: value.dims } as Tensor;
      }
      return outputs;
    },

    dispose(): Promise<void> {
      disposed ??= session.release();
      return disposed;
    },
  };
}

interface ValueMetadata {
  readonly name: string;
  readonly isTensor: boolean;
  readonly type?: string;
  readonly shape?: readonly (number | string)[];
}

function describe(value: ValueMetadata): TensorInfo {
  return { name: value.name, type: value.type ?? 'not a tensor', shape: value.shape ?? [] };
}

function firstLine(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).split('\n')[0] ?? '';
}
