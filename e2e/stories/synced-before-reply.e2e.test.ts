// "A 2xx means that the job is on disk", shown by the order of system calls: between reading a submit and writing its
// 200, the database's log is written and synced. A kill -9 alone would pass without the sync; a power cut would not.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeFolder, spawnGateway, until } from '../harness/gateway-process.ts';

const canTrace = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;
if (!canTrace)
  console.warn('SKIPPED: strace is not installed or not allowed here (Debian: apt-get install strace)');

const YAML = "endpoints:\n  none:\n    command: ['true']\n    workers: { max: 0 }\n";
const CALLS = 'read,write,writev,pwrite64,fdatasync,fsync';

describe.skipIf(!canTrace)('the order of system calls', () => {
  it('syncs the log after the submit came in and before its 200 goes out, alone and in a group', async () => {
    const folder = makeFolder(YAML, {});
    const trace = join(folder.path, 'trace');
    // -f: one thread reads and answers, another writes and syncs.
    const gateway = await spawnGateway(folder.path, [
      'strace',
      // As a grandchild, so that signals go to the gateway itself.
      '-D',
      '-f',
      '-y',
      '-s',
      '60',
      '-e',
      `trace=${CALLS}`,
      '-o',
      trace,
    ]);
    expect((await gateway.call('/v2/none/run', { input: {} })).status).toBe(200);
    await Promise.all(Array.from({ length: 20 }, () => gateway.call('/v2/none/run', { input: {} })));
    const { pid } = gateway.child;
    await gateway.stop();
    // The tracer writes on for a moment.
    const isComplete = () => new RegExp(`^${pid} +\\+\\+\\+ exited`, 'm').test(readFileSync(trace, 'utf8'));
    await until(isComplete);

    const calls = readCalls(readFileSync(trace, 'utf8'));
    const find = (pattern: RegExp) => calls.filter(({ text }) => pattern.test(text));
    const submits = find(/^read\(\d+<.*"POST \/v2\/none\/run/).map(({ endsAt }) => endsAt);
    const replies = find(/^writev?\(\d+<.*"HTTP\/1\.1 200/).map(({ startsAt }) => startsAt);
    const syncs = find(/^f(?:data)?sync\(\d+<[^>]*jobs\.db-wal>\)\s+= 0/);
    const writes = find(/^pwrite64\(\d+<[^>]*jobs\.db-wal>/).map(({ endsAt }) => endsAt);
    expect(submits).toHaveLength(21);
    expect(replies).toHaveLength(21);
    for (const reply of replies) {
      // As many submits as were answered up to here had come in; the newest of those must have been synced.
      const answered = replies.indexOf(reply) + 1;
      const cameIn = submits[answered - 1] ?? Number.NaN;
      const isWritten = syncs.some(
        (sync) => sync.endsAt < reply && writes.some((at) => at > cameIn && at < sync.startsAt),
      );
      expect(isWritten, `a write and its sync between line ${cameIn} and ${reply}`).toBe(true);
    }
    folder.remove();
  });
});

interface SystemCall {
  readonly text: string;
  /** Lines of the trace at which it was called and at which it returned. */
  readonly startsAt: number;
  readonly endsAt: number;
}

/** strace splits a call in two lines where another thread's call came between. */
function readCalls(trace: string): SystemCall[] {
  const begun = new Map<string, { readonly text: string; readonly startsAt: number }>();
  return trace.split('\n').flatMap((line, at): SystemCall[] => {
    const [, pid = '', text = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (text.endsWith('<unfinished ...>')) {
      begun.set(pid, { text: text.slice(0, -'<unfinished ...>'.length), startsAt: at });
      return [];
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(text);
    const start = resumed && begun.get(pid);
    if (start)
      return [{ text: `${start.text.trimEnd()}${resumed[1]}`, startsAt: start.startsAt, endsAt: at }];
    return [{ text, startsAt: at, endsAt: at }];
  });
}
