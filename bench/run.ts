import { parseArgs } from 'node:util';
import type { BenchFlags, BenchResult } from './bench-result.ts';

interface BenchRow {
  readonly description: string;
  run(flags: BenchFlags): Promise<BenchResult>;
}

/**
 * `npm run bench -- <name> [flags]`: measures the product against what it is built on, on the machine at hand. Each
 * bench is a row of the table; its figures hold for this machine and this moment, its ratios for more than that.
 */
const BENCHES: Readonly<Record<string, BenchRow>> = {
  detect: {
    description:
      'images a second of the detect worker against the raw sessions of its models; spawn to first result',
    run: async () => (await import('./detect.ts')).benchDetect(),
  },
  inference: {
    description:
      'the clip worker against raw sessions and against open_clip on torch: start, throughput, memory; and detect',
    run: async (flags) => (await import('./inference.ts')).benchInference(flags),
  },
  jobs: {
    description: 'the job engine through HTTP against the bare server, BullMQ and the official Python SDK',
    run: async (flags) => (await import('./jobs.ts')).benchJobs(flags),
  },
  video: {
    description:
      'decoding videos against ffmpeg alone, the ergonomics worker against real time, and the memory of both',
    run: async (flags) => (await import('./video.ts')).benchVideo(flags),
  },
};

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const { values: flags, positionals } = readArguments();
  const [name] = positionals;
  const row = name === undefined ? undefined : BENCHES[name];
  if (flags.help) {
    process.stdout.write(help());
    return;
  }
  if (name === undefined || row === undefined) {
    throw new Error(name === undefined ? help() : `There is no bench "${name}".\n\n${help()}`);
  }
  const result = await row.run({ only: flags.only, isQuick: flags.quick });
  const width = Math.max(...result.rows.map(([label]) => label.length));
  for (const [label, value] of result.rows) {
    process.stdout.write(`${label.padEnd(width)}  ${value}\n`);
  }
  if (flags.json) {
    process.stdout.write(`${JSON.stringify({ bench: name, ratios: result.ratios, ...result.figures })}\n`);
  }
}

function readArguments() {
  return parseArgs({
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      json: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      quick: { type: 'boolean', default: false },
    },
  });
}

function help(): string {
  const rows = Object.entries(BENCHES).map(
    ([bench, { description }]) => `  ${bench.padEnd(10)} ${description}`,
  );
  return `npm run bench -- <name> [--json] [--only <part>]… [--quick]

${rows.join('\n')}

--json    prints the figures as one last line
--only    runs that part of the bench alone (jobs: cycles, runsync, taken, workers, million, held;
          inference: start, throughput, detect; video: decode, memory, pipeline,
          pipelineMemory)
--quick   short runs: to see that it works, not to be quoted
`;
}
