import type { InferenceSession } from 'onnxruntime-node';
import type { Engine, EngineInfo, Provider, RunOptions, Tensor, TensorInfo, Tensors } from './engine.ts';
import { mapWeights } from './mapped-weights.ts';
import { ModelError } from './model-error.ts';
import { callNative } from './native-gate.ts';
import { loadOnnxRuntime } from './onnx-runtime.ts';
import { decideProvider, inspectProviders, type ProviderChoice, type ProviderDecision } from './providers.ts';

/**
 * ONNX Runtime as an engine. Creating a session and running it both block the thread they are called on for their whole
 * time, so this is used inside inference threads only (`thread-pool.ts`), never on the thread that talks to the gateway.
 */
export interface OnnxOptions {
  /** Threads that one run may use for its own arithmetic, 1 or more. */
  readonly threads: number;
  /** Default `cpu`. */
  readonly provider?: ProviderChoice | undefined;
  /**
   * Leaves the weights as they lie in the file instead of rearranging them for the CPU: ready 4 to 6 times sooner, each
   * run 1.5 to 3 times longer (351 MB ViT-B/32: 120 ms against 550, then 190 ms a run against 75). For a first session
   * that another one replaces.
   */
  readonly isQuick?: boolean | undefined;
}

export interface OnnxEngine extends Engine {
  readonly info: EngineInfo;
}

type Ort = typeof import('onnxruntime-node');

const CPU: ProviderDecision = { provider: 'cpu' };

/**
 * Loads a model file.
 * @throws ModelError when the file is missing, damaged or needs operators that the runtime lacks, or when CUDA was
 * demanded and cannot be had.
 */
export async function createOnnxEngine(path: string, options: OnnxOptions): Promise<OnnxEngine> {
  const { threads, provider: choice = 'cpu' } = options;
  const decision = choice === 'cpu' ? CPU : decideProvider(choice, inspectProviders());
  const ort = await loadOnnxRuntime();
  const onCpu = async (note: string | undefined) => {
    const session = await createSession(ort, path, options, 'cpu').catch(refuse(path));
    return wrapSession(ort, path, session, {
      provider: 'cpu',
      threads,
      ...(note === undefined ? {} : { note }),
    });
  };
  if (decision.provider === 'cpu') return onCpu(decision.note);
  try {
    const session = await createSession(ort, path, options, 'cuda');
    return wrapSession(ort, path, session, { provider: 'cuda', threads });
  } catch (cause) {
    const problem = `ONNX Runtime could not use CUDA (${firstLine(cause)})`;
    if (choice === 'auto') return onCpu(`Models run on the CPU: ${problem}.`);
    const sentence = `ONNX_PROVIDER=cuda, but ${problem}. ONNX_PROVIDER=cpu runs the models on the CPU.`;
    throw new ModelError(sentence, { cause });
  }
}

function refuse(path: string): (cause: unknown) => never {
  return (cause) => {
    throw new ModelError(`ONNX Runtime could not load ${path}: ${firstLine(cause)}`, { cause });
  };
}

async function createSession(
  ort: Ort,
  path: string,
  { threads, isQuick }: OnnxOptions,
  provider: Provider,
): Promise<InferenceSession> {
  const config: Record<string, unknown> = {
    // Idle threads wait actively for 20 µs, which bridges the gap to the next operator, and not at all between runs. A
    // machine runs several workers: full spinning costs the others more than it saves, no spinning costs itself (8-bit
    // ViT-B/32 on 2 cores, pictures a second alone and two processes together: 70 and 53 with full spinning, 51 and 72
    // with none, 67 and 73 so).
    intra_op: { spin_duration_us: '20' },
    force_spinning_stop: '1',
  };
  if (isQuick === true) config.disable_prepacking = '1';
  const options: InferenceSession.SessionOptions = {
    executionProviders: provider === 'cuda' ? ['cuda', 'cpu'] : ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    // What 'all' adds is a layout for convolutions, which takes a quarter of a quick session's time to make.
    graphOptimizationLevel: isQuick === true ? 'extended' : 'all',
    extra: { session: config },
    // Errors only: the runtime's warnings about shapes it could not fold say nothing to a user.
    logSeverityLevel: 3,
  };
  const mapped = mapWeights(path);
  if (mapped === undefined) return callNative(() => ort.InferenceSession.create(path, options));
  config.model_external_initializers_file_folder_path = mapped.folder;
  return callNative(() => ort.InferenceSession.create(mapped.bytes, options));
}

function wrapSession(ort: Ort, path: string, session: InferenceSession, info: EngineInfo): OnnxEngine {
  let disposed: Promise<void> | undefined;
  const owned = createOwnCopies();
  return {
    info,
    inputs: session.inputMetadata.map(describe),
    outputs: session.outputMetadata.map(describe),

    async run(feeds: Tensors, { signal }: RunOptions = {}): Promise<Tensors> {
      signal?.throwIfAborted();
      if (disposed !== undefined) {
        throw new Error(`The model ${path} was already unloaded.`);
      }
      const native: Record<string, InstanceType<typeof ort.Tensor>> = {};
      for (const [name, tensor] of Object.entries(feeds)) {
        native[name] = new ort.Tensor(tensor.type, owned(name, tensor), tensor.dims);
      }
      const outputs: Record<string, Tensor> = {};
      for (const [name, value] of Object.entries(await callNative(() => session.run(native)))) {
        outputs[name] = { type: value.type, data: value.data, dims: value.dims } as Tensor;
      }
      return outputs;
    },

    dispose(): Promise<void> {
      disposed ??= callNative(() => session.release());
      return disposed;
    },
  };
}

/**
 * The runtime takes one piece of memory that no other thread has. Anything else is copied, for each input into the same
 * array again: a fresh one of megabytes for each run keeps the garbage collector busy.
 */
function createOwnCopies(): (name: string, tensor: Tensor) => Tensor['data'] {
  const scratch = new Map<string, Float32Array>();
  return (name, { type, data, more = [] }) => {
    const isOwn = more.length === 0 && !(data.buffer instanceof SharedArrayBuffer);
    if (type !== 'float32' || isOwn) return data;
    const parts = [data, ...more] as Float32Array[];
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    let copy = scratch.get(name);
    if (copy === undefined || copy.length < length) {
      copy = new Float32Array(length);
      scratch.set(name, copy);
    }
    let at = 0;
    for (const part of parts) {
      copy.set(part, at);
      at += part.length;
    }
    return copy.subarray(0, length);
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
