import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { COMMANDS } from './engine-model/commands.ts';
import { createEngineRig } from './engine-model/engine-rig.ts';
import { EngineModel } from './engine-model/model.ts';

/** `SPILLWAY_MODEL_RUNS=3000` looks longer. */
const RUNS = Number(process.env.SPILLWAY_MODEL_RUNS ?? 40);
/** On a slow machine fewer runs. */
const LONGEST_MS = RUNS * 1_000;

const folder = mkdtempSync(join(tmpdir(), 'spillway-model-'));
afterAll(() => rmSync(folder, { recursive: true }));

it(
  'the engine does what a list in memory would do, whatever happens and in whatever order',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.commands([COMMANDS], { maxCommands: 200, size: 'max' }), async (commands) => {
        const rig = createEngineRig(mkdtempSync(join(folder, 'run-')));
        await rig.start();
        const model = new EngineModel(rig.clock.now());
        const pair = { model, rig, polls: new Map(), waits: new Set<never>() };
        try {
          await fc.asyncModelRun(() => ({ model, real: pair }), commands);
        } finally {
          expect(await rig.stop()).toEqual({ failures: [], open: 0 });
        }
      }),
      { numRuns: RUNS, interruptAfterTimeLimit: LONGEST_MS },
    );
  },
  2 * LONGEST_MS,
);
