import { createManualClock, type ManualClock } from '@spillway/sdk/clock';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GatewayError } from '../errors.ts';
import { type Affinity, parseAffinity } from './affinity.ts';
import { type Permit, RequestLine } from './request-line.ts';

let clock: ManualClock;
let line: RequestLine;
let capacity: number;
let told: string[];
const stay = new AbortController().signal;

beforeEach(() => {
  clock = createManualClock();
  capacity = 1;
  told = [];
  line = new RequestLine({
    clock,
    capacity: () => capacity,
    waitTimeoutMs: 120_000,
    onChange: (worker) => told.push(worker ? `${worker.id} has ${worker.open}` : 'waiting changed'),
    explain: () => '0 of 3 workers are ready',
  });
});

// Whoever has his worker, or was turned away, leaves no timer behind.
afterEach(() => expect(clock.pending()).toEqual([]));

function addHealthy(id: string): void {
  line.add(id, 20_000);
  line.setHealthy(id, true);
}

/** What became of a request so far. */
function enter(wish = '', signal = stay) {
  const asked: { permit?: Permit; error?: unknown } = {};
  line.enter(parseAffinity(wish), signal).then(
    (permit) => {
      asked.permit = permit;
    },
    (error) => {
      asked.error = error;
    },
  );
  return asked;
}

const codeOf = ({ error }: { error?: unknown }) => (error instanceof GatewayError ? error.code : error);

test('a request gets its worker at once, and a second one when the first is over', async () => {
  addHealthy('w1');
  const [one, two] = [enter(), enter()];
  await clock.settle();
  expect(one.permit).toMatchObject({ workerId: 'w1', port: 20_000 });
  expect(two.permit).toBeUndefined();
  expect(line.counts).toEqual({ waiting: 1, open: 1, answered: 0, failed: 0 });
  one.permit?.release('answered');
  one.permit?.release('failed');
  await clock.settle();
  expect(two.permit?.workerId).toBe('w1');
  expect(line.counts).toEqual({ waiting: 0, open: 1, answered: 1, failed: 0 });
  expect(told).toContain('w1 has 0');
});

test('those who wait are served in the order in which they came', async () => {
  const asked = [enter(), enter(), enter()];
  capacity = 2;
  addHealthy('w1');
  await clock.settle();
  expect(asked.map(({ permit }) => permit?.workerId)).toEqual(['w1', 'w1', undefined]);
  asked[0]?.permit?.release('answered');
  await clock.settle();
  expect(asked[2]?.permit?.workerId).toBe('w1');
});

test('a request that nobody can take waits two minutes, and is told why', async () => {
  const asked = enter();
  await clock.advance(119_999);
  expect(asked.error).toBeUndefined();
  await clock.advance(1);
  expect(codeOf(asked)).toBe('NO_WORKERS_AVAILABLE');
  expect(String(asked.error)).toContain('none had room within 120 s (0 of 3 workers are ready)');
  expect(line.counts).toMatchObject({ waiting: 0, failed: 1 });
});

test('a strict request waits five minutes for its worker and no other', async () => {
  addHealthy('w1');
  addHealthy('w2');
  const busy = enter('strict w1');
  const asked = enter('strict w1');
  await clock.advance(299_999);
  expect([busy.permit?.workerId, asked.permit, asked.error]).toEqual(['w1', undefined, undefined]);
  await clock.advance(1);
  expect(codeOf(asked)).toBe('WORKER_TIMEOUT');
});

test('a strict request for a worker that is gone, or goes, is told so', async () => {
  addHealthy('w1');
  const [busy, waiting, never] = [enter('w1'), enter('strict w1'), enter('strict-resume w9')];
  await clock.settle();
  expect([busy.permit?.workerId, waiting.error, codeOf(never)]).toEqual([
    'w1',
    undefined,
    'AFFINITY_WORKER_GONE',
  ]);
  line.retire('w1');
  await clock.settle();
  expect(codeOf(waiting)).toBe('AFFINITY_WORKER_GONE');
});

test('a strict request that waits doesn’t hold up those behind it, and asks for no further worker', async () => {
  addHealthy('w1');
  const [busy, strict] = [enter(), enter('strict w1')];
  await clock.settle();
  expect(line.demand).toEqual({ count: 0 });
  const any = enter();
  expect(line.demand).toEqual({ count: 1, oldestAt: clock.now() });
  addHealthy('w2');
  await clock.settle();
  expect([busy.permit?.workerId, strict.permit, any.permit?.workerId]).toEqual(['w1', undefined, 'w2']);
  busy.permit?.release('answered');
  await clock.settle();
  expect(strict.permit?.workerId).toBe('w1');
});

test('a worker out of the rotation gets nothing until it is back', async () => {
  addHealthy('w1');
  line.setHealthy('w1', false);
  const asked = enter('strict w1');
  await clock.settle();
  expect([asked.permit, asked.error]).toEqual([undefined, undefined]);
  line.setHealthy('w1', true);
  await clock.settle();
  expect(asked.permit?.workerId).toBe('w1');
});

test('a client that leaves takes no place', async () => {
  const leave = new AbortController();
  const gone = enter('', leave.signal);
  leave.abort(new Error('left'));
  addHealthy('w1');
  const next = enter();
  await clock.settle();
  expect(String(gone.error)).toContain('left');
  expect(next.permit?.workerId).toBe('w1');
  const late = enter('', leave.signal);
  await clock.settle();
  expect(String(late.error)).toContain('left');
});

test('a drain waits for open requests, and for WebSockets only where it is asked to', async () => {
  capacity = 2;
  addHealthy('w1');
  const [request, socket] = [enter(), enter()];
  await clock.settle();
  socket.permit?.becomeSocket();
  line.retire('w1');
  const over: string[] = [];
  void line.drained('w1', false, stay).then(() => over.push('requests'));
  void line.drained('w1', true, stay).then(() => over.push('all'));
  const limit = new AbortController();
  void line.drained('w1', true, limit.signal).then(() => over.push('aborted'));
  await clock.settle();
  expect(over).toEqual([]);
  limit.abort();
  await clock.settle();
  expect(over).toEqual(['aborted']);
  request.permit?.release('answered');
  await clock.settle();
  expect(over).toEqual(['aborted', 'requests']);
  line.remove('w1');
  await clock.settle();
  expect(over).toEqual(['aborted', 'requests', 'all']);
  socket.permit?.release('answered');
});

test('a raised limit lets in whoever waits', async () => {
  addHealthy('w1');
  const asked: { permit?: Permit }[] = [enter(), enter()];
  capacity = 2;
  line.look();
  await clock.settle();
  expect(asked[1]?.permit?.workerId).toBe('w1');
});

test('all who wait can be turned away', async () => {
  const asked = [enter(), enter('strict w1')];
  line.refuseAll(new GatewayError('SHUTTING_DOWN', 'the gateway stops'));
  await clock.settle();
  expect(asked.map(codeOf)).toEqual(['SHUTTING_DOWN', 'AFFINITY_WORKER_GONE']);
});

test('a thousand requests pass one worker in their order', async () => {
  addHealthy('w1');
  const order: number[] = [];
  const any: Affinity = { wish: 'any' };
  const all = Array.from({ length: 1_000 }, async (_, number) => {
    const permit = await line.enter(any, stay);
    order.push(number);
    permit.release('answered');
  });
  await Promise.all(all);
  expect(order).toEqual(order.toSorted((a, b) => a - b));
  expect(line.counts).toMatchObject({ waiting: 0, open: 0, answered: 1_000 });
});
