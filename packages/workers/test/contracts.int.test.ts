import { afterAll, describe } from 'vitest';
import { describeClip } from './contracts/clip.ts';
import { createReport } from './contracts/compare.ts';
import { hasReferences } from './contracts/references.ts';
import { describeRfDetr } from './contracts/rf-detr.ts';
import { describeSam2 } from './contracts/sam2.ts';
import { describeVitpose } from './contracts/vitpose.ts';

/**
 * Our pipelines against the official Python packages, stage by stage, on the real architectures with random weights.
 * Only on demand: it takes gigabytes of packages and minutes (`tools/contracts/README.md`).
 */
const ARCHITECTURES = {
  'clip-transformers': describeClip,
  'clip-open-clip': describeClip,
  'rf-detr-small': describeRfDetr,
  'rf-detr-medium': describeRfDetr,
  'rf-detr-transformers': describeRfDetr,
  'sam2-tiny': describeSam2,
  'vitpose-base': describeVitpose,
  'vitpose-plus': describeVitpose,
} as const;

const isWanted = process.env.SPILLWAY_CONTRACTS === '1';
const names = Object.keys(ARCHITECTURES) as (keyof typeof ARCHITECTURES)[];
const missing = names.filter((name) => !hasReferences(name));
if (!isWanted)
  console.warn('SKIPPED: contracts on the real architectures: SPILLWAY_CONTRACTS=1 compares them');
else if (missing.length > 0)
  console.warn(
    `SKIPPED: no references for ${missing.join(', ')}: python3 tools/contracts/make.py makes them`,
  );

const report = createReport();
afterAll(() => report.print());

for (const name of names)
  describe.skipIf(!isWanted || missing.includes(name))(name, { timeout: 170_000 }, () => {
    ARCHITECTURES[name](name as never, report);
  });
