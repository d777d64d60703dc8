import { workerData } from 'node:worker_threads';

/**
 * A thread that is ended inside a call of ONNX Runtime takes the whole process with it: the call comes back into a thread
 * that may run no JavaScript any more, and aborts. So each thread shares a cell with the thread that started it: open,
 * inside such a call, or closed. Whoever ends the thread closes the cell first, and waits while the thread is inside; a
 * thread whose cell is closed begins no further call.
 */
export type NativeGate = Int32Array<SharedArrayBuffer>;

const OPEN = 0;
const INSIDE = 1;
const CLOSED = 2;

/** Of this process's threads that live: the process may end while they compute. */
const gates = new Set<NativeGate>();

export function createNativeGate(): NativeGate {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  if (gates.size === 0) process.on('exit', closeAll);
  gates.add(gate);
  return gate;
}

/** Resolves when the thread is in no call and begins none. */
export async function closeGate(gate: NativeGate): Promise<void> {
  while (Atomics.compareExchange(gate, 0, OPEN, CLOSED) === INSIDE) {
    await Atomics.waitAsync(gate, 0, INSIDE).value;
  }
}

/** The thread is gone, perhaps out of the middle of a call. */
export function dropGate(gate: NativeGate): void {
  Atomics.store(gate, 0, CLOSED);
  Atomics.notify(gate, 0);
  gates.delete(gate);
  if (gates.size === 0) process.off('exit', closeAll);
}

function closeAll(): void {
  for (const gate of gates) {
    while (Atomics.compareExchange(gate, 0, OPEN, CLOSED) === INSIDE) Atomics.wait(gate, 0, INSIDE);
  }
}

let own = (workerData as { readonly gate?: NativeGate } | null)?.gate;
let calls = 0;

/** For a thread that was started before it was known what for; it has made no call yet. */
export function adoptGate(gate: NativeGate): void {
  own = gate;
}

/**
 * A call of the runtime, from the thread that it blocks. Outside of the pools' threads it is just made.
 * @throws Error when the thread is being ended.
 */
export async function callNative<Result>(call: () => Promise<Result>): Promise<Result> {
  const gate = own;
  if (gate === undefined) return call();
  if (calls === 0 && Atomics.compareExchange(gate, 0, OPEN, INSIDE) === CLOSED) {
    throw new Error('The worker stopped before this request was done.');
  }
  calls += 1;
  try {
    return await call();
  } finally {
    calls -= 1;
    if (calls === 0) {
      Atomics.store(gate, 0, OPEN);
      Atomics.notify(gate, 0);
    }
  }
}
