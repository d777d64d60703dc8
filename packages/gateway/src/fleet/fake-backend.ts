import { type Backend, type BackendWorker, StartError, type WorkerExit, type WorkerSpec } from './backend.ts';

/** A worker of the fake backend, driven by the test. */
export interface FakeWorker extends BackendWorker {
  readonly spec: WorkerSpec;
  /** Signals it got, in order. */
  readonly signals: readonly ('SIGTERM' | 'SIGKILL')[];
  /** Prints a line, as the worker itself would. */
  print(line: string): void;
  exit(exit?: Partial<WorkerExit>): void;
}

export interface FakeBackend extends Backend {
  readonly started: FakeWorker[];
  /** The next starts are refused with this sentence. */
  refuseWith(reason: string | undefined): void;
  /** Whether workers end on SIGTERM (they do at first); SIGKILL always ends them. */
  obeysSigterm: boolean;
}

/** A backend without processes, for tests of what is above it. */
export function createFakeBackend(): FakeBackend {
  let refusal: string | undefined;
  const backend: FakeBackend = {
    kind: 'process',
    started: [],
    obeysSigterm: true,
    refuseWith(reason) {
      refusal = reason;
    },
    recover: async () => ({ workerIds: [], endedCount: 0 }),
    async start(spec) {
      if (refusal !== undefined) throw new StartError(refusal);
      const worker = createFakeWorker(spec, backend);
      backend.started.push(worker);
      return worker;
    },
  };
  return backend;
}

function createFakeWorker(spec: WorkerSpec, backend: FakeBackend): FakeWorker {
  const lines: string[] = [];
  const signals: ('SIGTERM' | 'SIGKILL')[] = [];
  const exited = Promise.withResolvers<WorkerExit>();
  return {
    spec,
    signals,
    id: spec.workerId,
    pid: 4711,
    exited: exited.promise,
    log: {
      file: '/dev/null',
      tail: (count) => lines.slice(-count),
      printed: (count) => lines.slice(-count),
      follow: () => () => {},
      ended: exited.promise.then(() => {}),
    },
    print: (line) => lines.push(line),
    exit: ({ code = null, signal = null } = { code: 0 }) => exited.resolve({ code, signal }),
    terminate() {
      signals.push('SIGTERM');
      if (backend.obeysSigterm) exited.resolve({ code: 0, signal: null });
    },
    kill() {
      signals.push('SIGKILL');
      exited.resolve({ code: null, signal: 'SIGKILL' });
    },
  };
}
