/**
 * What a model runtime offers to the adapters: named tensors in, named tensors out. Adapters know nothing else, so the
 * same adapter runs on a session in its own thread, on one that batches the requests of several jobs, or on a test's
 * plain function.
 */

/** Typed arrays by element type. `bool` is one byte each; `float16` holds the raw bits. */
export type TensorData =
  | { readonly type: 'float32'; readonly data: Float32Array }
  | { readonly type: 'float16'; readonly data: Uint16Array }
  | { readonly type: 'int64'; readonly data: BigInt64Array }
  | { readonly type: 'int32'; readonly data: Int32Array }
  | { readonly type: 'uint8'; readonly data: Uint8Array }
  | { readonly type: 'bool'; readonly data: Uint8Array };

/** Row-major tensor; the product of `dims` is `data.length`. A zero in `dims` means no elements. */
export type Tensor = TensorData & {
  readonly dims: readonly number[];
  /**
   * For feeds: what follows `data` along the first dimension. Items that were made one by one need not be put together
   * before they reach the model's thread.
   */
  readonly more?: readonly TensorData['data'][];
};

export type Tensors = Readonly<Record<string, Tensor>>;

/** One input or output as the model itself declares it. A symbolic dimension is its name, a fixed one a number. */
export interface TensorInfo {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly (number | string)[];
}

/** Where runs of a model take place. */
export type Provider = 'cpu' | 'cuda';

/** What a loaded model really runs on, as `/info` shows it. */
export interface EngineInfo {
  readonly provider: Provider;
  /** Cores that one run on the CPU may use. */
  readonly threads: number;
  /** Why it is not what was hoped for, in one sentence. */
  readonly note?: string;
}

export interface RunOptions {
  /** Aborted before the run begins: the run is dropped and rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** The caller needs the feeds no more: their memory may go to another thread instead of being copied there. */
  readonly move?: boolean | undefined;
}

export interface Engine {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  run(feeds: Tensors, options?: RunOptions): Promise<Tensors>;
  /** Frees the model; calling it again does nothing. */
  dispose(): Promise<void>;
}

/** A float32 tensor of that name; an adapter that checked its contract at load never sees the error. */
export function floatOutput(outputs: Tensors, name: string): { data: Float32Array; dims: readonly number[] } {
  const tensor = outputs[name];
  if (tensor?.type !== 'float32') {
    throw new Error(`The model answered without a float32 output "${name}".`);
  }
  return tensor;
}

/** The engines of one worker as one: on CUDA only when all of them are. */
export function combineEngineInfo(infos: readonly EngineInfo[]): EngineInfo {
  const [first = { provider: 'cpu', threads: 1 } as const] = infos;
  const notes = [...new Set(infos.flatMap(({ note }) => note ?? []))];
  return {
    provider: infos.every(({ provider }) => provider === 'cuda') && infos.length > 0 ? 'cuda' : 'cpu',
    threads: Math.max(first.threads, ...infos.map(({ threads }) => threads)),
    ...(notes.length === 0 ? {} : { note: notes.join(' ') }),
  };
}
