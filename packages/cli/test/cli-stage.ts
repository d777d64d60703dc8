import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { type Answers, type FakeGateway, startFakeGateway } from './fake-gateway.ts';
import { type CliRun, runCli } from './start-cli.ts';

/** A gateway that is played, and how the command line finds it. */
export interface StagedGateway {
  readonly gateway: FakeGateway;
  readonly env: { readonly SPILLWAY_URL: string; readonly SPILLWAY_API_KEY: string };
  /** Runs a command that asks this gateway. */
  spillway(...args: readonly string[]): Promise<CliRun>;
}

export interface CliStage {
  /** The folder that commands are run in: each test's own. */
  readonly cwd: string;
  /** Plays a gateway, until the test is over. */
  play(answers: Answers): Promise<FakeGateway>;
  withGateway(answers: Answers): Promise<StagedGateway>;
}

/** For all tests of a file: what one has needed is gone before the next. */
export function useCliStage(): CliStage {
  let cwd = '';
  let gateway: FakeGateway | undefined;
  beforeEach(() => {
    cwd = mkdtempSync(path.join(tmpdir(), 'spillway-cli-'));
  });
  afterEach(async () => {
    await gateway?.close();
    gateway = undefined;
    rmSync(cwd, { recursive: true, force: true });
  });
  async function play(answers: Answers): Promise<FakeGateway> {
    const started = await startFakeGateway(answers);
    gateway = started;
    return started;
  }
  return {
    get cwd() {
      return cwd;
    },
    play,
    async withGateway(answers) {
      const started = await play(answers);
      const env = { SPILLWAY_URL: started.url, SPILLWAY_API_KEY: 'spk_key' };
      return { gateway: started, env, spillway: (...args) => runCli(args, { cwd, env }) };
    },
  };
}
