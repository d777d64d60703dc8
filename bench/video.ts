import { availableParallelism } from 'node:os';
import { ensurePrograms, FFMPEG } from '../tools/system-programs.ts';
import type { BenchFlags, BenchResult } from './bench-result.ts';

/**
 * Videos against what they are built on. Each part is a row; its ratios and figures go into the bench's own.
 */
interface VideoPart {
  run(isQuick: boolean): Promise<BenchResult>;
}

const PARTS: Readonly<Record<string, VideoPart>> = {
  decode: { run: async (isQuick) => (await import('./video/decode.ts')).benchDecode(isQuick) },
  memory: { run: async (isQuick) => (await import('./video/memory.ts')).benchMemory(isQuick) },
  pipeline: { run: async (isQuick) => (await import('./video/pipeline.ts')).benchPipeline(isQuick) },
  pipelineMemory: {
    run: async (isQuick) => (await import('./video/pipeline.ts')).benchPipelineMemory(isQuick),
  },
};

export async function benchVideo({ only, isQuick }: BenchFlags): Promise<BenchResult> {
  const unknown = only.filter((name) => PARTS[name] === undefined);
  if (unknown.length > 0) {
    throw new Error(`video has no part ${unknown.join(', ')}; it has ${Object.keys(PARTS).join(', ')}`);
  }
  await ensurePrograms([FFMPEG]);
  const chosen = Object.entries(PARTS).filter(([name]) => only.length === 0 || only.includes(name));
  const results: BenchResult[] = [];
  for (const [, part] of chosen) results.push(await part.run(isQuick));
  return {
    ratios: Object.assign({}, ...results.map(({ ratios }) => ratios)),
    figures: Object.assign({ cores: availableParallelism() }, ...results.map(({ figures }) => figures)),
    rows: results.flatMap(({ rows }) => rows),
  };
}
