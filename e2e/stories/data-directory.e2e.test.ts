// A data directory that can't be used stops the start with one sentence that names it, the reason and what to do, and
// leaves nothing behind that would stand in the way of the next start.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createGateway } from '@spillway/gateway';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeFolder, until } from '../harness/gateway-process.ts';
import { ADMIN_KEY, readConfig } from '../harness/start-gateway.ts';

const YAML = "endpoints:\n  none:\n    command: ['true']\n    workers: { max: 0 }\n";

const mount = (...args: string[]) => spawnSync('mount', args).status === 0;
const canMount = (() => {
  const { path, remove } = makeFolder('', {});
  const isMounted = mount('-t', 'tmpfs', 'tmpfs', path);
  if (isMounted) spawnSync('umount', [path]);
  else console.warn('SKIPPED: no file system can be mounted here (it takes root on Linux)');
  remove();
  return isMounted;
})();

describe('a data directory', () => {
  let folder: ReturnType<typeof makeFolder>;
  let data: string;
  beforeEach(() => {
    folder = makeFolder(YAML, {});
    data = join(folder.path, 'data');
  });
  afterEach(() => folder.remove());

  const newGateway = () =>
    createGateway({
      config: readConfig(YAML, folder.path),
      adminKey: ADMIN_KEY,
      log: pino({ level: 'silent' }),
    });
  const startAndStop = async () => {
    const gateway = newGateway();
    await gateway.start();
    await gateway.stop();
  };

  it('that is in use by another gateway is named with its process and its address', async () => {
    const first = newGateway();
    await first.start();
    await expect(newGateway().start()).rejects.toThrow(
      `the data directory ${data} is in use by another gateway (process ${process.pid}, ${first.url})`,
    );
    await first.stop();
    await startAndStop();
  });

  it('that is a file, or holds a damaged database, is refused', async () => {
    writeFileSync(data, '');
    await expect(newGateway().start()).rejects.toThrow(
      `can't write to the data directory ${data}: it is a file`,
    );
    rmSync(data);
    mkdirSync(data);
    writeFileSync(join(data, 'jobs.db'), 'no database '.repeat(500));
    await expect(newGateway().start()).rejects.toThrow(/can't use the database .*jobs\.db: it is damaged/);
    rmSync(join(data, 'jobs.db'));
    await startAndStop();
  });

  describe.skipIf(!canMount)('on a file system of its own', () => {
    beforeEach(() => {
      mkdirSync(data);
      expect(mount('-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', data)).toBe(true);
    });
    afterEach(() => until(() => spawnSync('umount', [data]).status === 0));

    it('that is read-only is refused, and taken when it can be written', async () => {
      await startAndStop();
      expect(mount('-o', 'remount,ro', data)).toBe(true);
      await expect(newGateway().start()).rejects.toThrow(
        `can't write to the data directory ${data}: its file system is read-only`,
      );
      expect(mount('-o', 'remount,rw', data)).toBe(true);
      await startAndStop();
    });

    it('that is full is refused, and taken when there is space', async () => {
      const filler = join(data, 'filler');
      expect(() => writeFileSync(filler, Buffer.alloc(2 * 1024 * 1024))).toThrow('ENOSPC');
      await expect(newGateway().start()).rejects.toThrow(
        `can't write to the data directory ${data}: the disk is full`,
      );
      rmSync(filler);
      await startAndStop();
    });
  });
});
