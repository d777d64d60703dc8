import { createRequire } from 'node:module';
import path from 'node:path';
import type * as Ort from 'onnxruntime-node';
import { usableCores } from '../../packages/workers/src/engines/usable-cores.ts';

/**
 * The limit: one session of ONNX Runtime on all cores, called again and again with a batch that lies ready. No pictures
 * are decoded, no messages sent, and nothing else runs.
 */
export interface RawSession {
  /** The way in which it is fastest here. */
  readonly label: string;
  /** Pictures a second. */
  measure(seconds: number): Promise<number>;
  release(): Promise<void>;
}

const BATCHES = [1, 2, 4, 8, 16] as const;

/** Idle threads that spin wait shorter; where cores are shared, threads that sleep are faster. */
const SETTINGS: Readonly<Record<string, Ort.InferenceSession.SessionOptions>> = {
  'idle threads spin': {},
  'idle threads sleep': { extra: { session: { intra_op: { allow_spinning: '0' } } } },
};

const SIDE = 224;

/** Tries each setting with each batch and keeps the fastest. */
export async function openFastestSession(folder: string, trialSeconds: number): Promise<RawSession> {
  const file = path.join(folder, 'onnx', 'vision_model.onnx');
  let best: (RawSession & { readonly perSecond: number }) | undefined;
  for (const [setting, options] of Object.entries(SETTINGS)) {
    const session = await open(file, options);
    let isKept = false;
    for (const batch of BATCHES) {
      const measure = (seconds: number) => measureSession(session, batch, seconds);
      const perSecond = await measure(trialSeconds);
      if (best && perSecond <= best.perSecond) continue;
      if (!isKept) await best?.release();
      isKept = true;
      const label = `batches of ${batch}, ${setting}`;
      best = { label, perSecond, measure, release: () => session.release() };
    }
    if (!isKept) await session.release();
  }
  if (!best) throw new Error('no setting of the raw session was measured');
  return best;
}

function open(file: string, options: Ort.InferenceSession.SessionOptions): Promise<Ort.InferenceSession> {
  return runtime().InferenceSession.create(file, {
    intraOpNumThreads: usableCores(),
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    ...options,
  });
}

async function measureSession(session: Ort.InferenceSession, batch: number, seconds: number) {
  const values = Float32Array.from({ length: batch * 3 * SIDE * SIDE }, (_, index) => Math.sin(index));
  const pixels = new (runtime().Tensor)('float32', values, [batch, 3, SIDE, SIDE]);
  await session.run({ pixel_values: pixels });
  const startedAt = performance.now();
  let runs = 0;
  do {
    await session.run({ pixel_values: pixels });
    runs += 1;
  } while (performance.now() - startedAt < seconds * 1000);
  return (runs * batch * 1000) / (performance.now() - startedAt);
}

/** The worker's own copy of the runtime. */
function runtime(): typeof Ort {
  const workers = path.join(import.meta.dirname, '../../packages/workers/package.json');
  return createRequire(workers)('onnxruntime-node') as typeof Ort;
}
