import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, expect, it } from 'vitest';
import { openDatabase } from '../src/db/open.ts';
import type { JobStore } from '../src/jobs/job-store.ts';
import { newTestJob } from '../src/jobs/new-test-job.ts';
import { createSqliteJobStore } from '../src/jobs/sqlite/sqlite-job-store.ts';
import { createThreadWriter } from '../src/jobs/sqlite/writer.ts';
import { jobStoreContract } from './job-store.contract.ts';

const folder = mkdtempSync(join(tmpdir(), 'spillway-store-'));
afterAll(() => rmSync(folder, { recursive: true }));

let count = 0;
const file = () => join(folder, `${count}.db`);
const openInline = () => createSqliteJobStore(openDatabase(file()));
const openWithThread = () => createSqliteJobStore(openDatabase(file()), createThreadWriter(file()));
const fresh = (open: () => JobStore) => () => {
  count += 1;
  return open();
};

jobStoreContract('SQLite', fresh(openInline), openInline);
jobStoreContract('SQLite, written by a thread', fresh(openWithThread), openWithThread);

it('a writing thread that dies fails its batch, and the next batch starts another', async () => {
  const home = join(folder, 'comes-later');
  const path = join(home, 'jobs.db');
  const read = openDatabase(':memory:');
  const store = createSqliteJobStore(read, createThreadWriter(path));
  await expect(store.insert(newTestJob({ id: 'lost' }))).rejects.toThrow('the thread that writes jobs ended');
  mkdirSync(home);
  openDatabase(path).close();
  await store.insert(newTestJob({ id: 'kept' }));
  await store.close();
  const written = createSqliteJobStore(openDatabase(path));
  expect((await written.list({ limit: 9 })).jobs.map((job) => job.id)).toEqual(['kept']);
  await written.close();
});

it('keeps every job of a file from before inputs and outputs stood apart', async () => {
  const path = join(folder, 'older.db');
  const migrations = new URL('../src/db/migrations/', import.meta.url);
  const older = new DatabaseSync(path);
  const files = readdirSync(migrations).sort().slice(0, 5);
  for (const name of files) older.exec(readFileSync(new URL(name, migrations), 'utf8'));
  const columns = `id, endpoint, status, ready, is_suspect, is_low_priority, created_at, queued_at, available_at, expires_at,
    due_at, execution_timeout_ms, retry_worker_lost, retry_handler_error, attempt, lost_count, handler_error_count`;
  const times = '100, 100, 100, 9000';
  older.exec(`
    INSERT INTO jobs (${columns}, input, extras) VALUES
      ('waits', 'echo', 'IN_QUEUE', 1, 0, 0, ${times}, 9000, 500, 1, 0, 0, 0, 0, '{"a":1.0}', '{"b":2}');
    INSERT INTO jobs (${columns}, worker_id, started_at, lease_wire_id, lease_expires_at, lease_deadline_at, lease_ms,
      lease_misses) VALUES
      ('runs', 'echo', 'IN_PROGRESS', 1, 0, 0, ${times}, 700, 500, 1, 0, 1, 0, 0, 'w1', 200, 'runs', 700, 700, 500, 0);
    INSERT INTO job_values VALUES (2, 'input', '"long input"'), (2, 'progress', '"long progress"');
    INSERT INTO jobs (${columns}, worker_id, started_at, finished_at, input, output) VALUES
      ('ended', 'echo', 'COMPLETED', 1, 0, 0, ${times}, NULL, 500, 1, 0, 1, 0, 0, 'w1', 200, 300, '{}', '[2.50]');
    INSERT INTO attempts VALUES (3, 1, 'w1', 200, 300, 'completed', NULL);
    INSERT INTO counters VALUES ('echo', 1, 0, 0);
    PRAGMA user_version = ${files.length}`);
  older.close();

  const store = createSqliteJobStore(openDatabase(path));
  expect(await store.get('waits')).toMatchObject({ input: '{"a":1.0}', extras: '{"b":2}', expiresAt: 9000 });
  expect(await store.get('runs')).toMatchObject({
    ...{ status: 'IN_PROGRESS', input: '"long input"', progress: '"long progress"' },
    lease: { workerId: 'w1', wireId: 'runs', deadlineAt: 700, leaseMs: 500 },
  });
  expect(await store.get('ended')).toMatchObject({ status: 'COMPLETED', output: '[2.50]', finishedAt: 300 });
  expect(await store.attempts('ended')).toEqual([
    { number: 1, workerId: 'w1', startedAt: 200, endedAt: 300, outcome: 'completed' },
  ]);
  expect(store.counts('echo')).toMatchObject({ inQueue: 1, ready: 1, inProgress: 1, completed: 1 });
  await store.insert(newTestJob({ id: 'new' }));
  expect((await store.list({ limit: 9 })).jobs.map((job) => job.id)).toEqual([
    'new',
    'ended',
    'runs',
    'waits',
  ]);
  await store.close();
});
