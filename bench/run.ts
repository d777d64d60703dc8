/**
 * `npm run bench -- <name> [--json]`: measures the product against what it is built on, on the machine at hand. Each
 * bench is a row of the table; its figures hold for this machine and this moment, its ratios for more than that.
 */
export interface BenchResult {
  /** Each over 1 is better for us. */
  readonly ratios: Readonly<Record<string, number>>;
  /** Further figures of the last JSON line. */
  readonly figures: Readonly<Record<string, unknown>>;
  /** Lines of the table for people: what, and its value. */
  readonly rows: readonly (readonly [string, string])[];
}

interface BenchRow {
  readonly description: string;
  run(): Promise<BenchResult>;
}

const BENCHES: Readonly<Record<string, BenchRow>> = {
  detect: {
    description:
      'images a second of the detect worker against the raw sessions of its models; spawn to first result',
    run: async () => (await import('./detect.ts')).benchDetect(),
  },
};

const [name, ...flags] = process.argv.slice(2);
const row = name === undefined ? undefined : BENCHES[name];

if (name === '--help' || name === '-h') {
  process.stdout.write(help());
} else if (name === undefined || row === undefined) {
  process.stderr.write(name === undefined ? help() : `There is no bench "${name}".\n\n${help()}`);
  process.exitCode = 1;
} else {
  const result = await row.run();
  const width = Math.max(...result.rows.map(([label]) => label.length));
  for (const [label, value] of result.rows) {
    process.stdout.write(`${label.padEnd(width)}  ${value}\n`);
  }
  if (flags.includes('--json')) {
    process.stdout.write(`${JSON.stringify({ bench: name, ratios: result.ratios, ...result.figures })}\n`);
  }
}

function help(): string {
  const rows = Object.entries(BENCHES).map(
    ([bench, { description }]) => `  ${bench.padEnd(10)} ${description}`,
  );
  return `npm run bench -- <name> [--json]\n\n${rows.join('\n')}\n\n--json prints the figures as one last line.\n`;
}
