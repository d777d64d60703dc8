import type { MomentPicture } from '../report/moment-picture.ts';
import { writeCsv } from './columns.ts';
import type { ResultFormat } from './formats.ts';
import { writeNpz } from './npz.ts';
import { type Plain, writePickle } from './pickle.ts';
import type { SequenceResult } from './result.ts';

/**
 * A result in one of its forms. `result` is plain JSON (without `undefined`), so that every form holds what the JSON says
 * and nothing else; `pictures` of worst moments go into the reports. Writers that need a library load it when first used.
 */
export async function writeResult(
  format: ResultFormat,
  result: SequenceResult,
  pictures: readonly MomentPicture[] = [],
): Promise<Buffer> {
  const bytes = await WRITERS[format](result, pictures);
  return typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
}

const known = (result: SequenceResult) =>
  Object.fromEntries(
    Object.entries(result.samples).map(([name, column]) => [name, column.map((value) => value ?? undefined)]),
  );

type Writer = (
  result: SequenceResult,
  pictures: readonly MomentPicture[],
) => Buffer | string | Promise<Buffer | string>;

const reportOf = async (result: SequenceResult, pictures: readonly MomentPicture[]) =>
  (await import('../report/build-report.ts')).buildReport(result, pictures);

const WRITERS: Readonly<Record<ResultFormat, Writer>> = {
  csv: (result) => writeCsv(known(result)),
  html: async (result, pictures) =>
    (await import('../report/html-report.ts')).writeHtml(await reportOf(result, pictures)),
  npz: (result) => writeNpz(known(result)),
  pdf: async (result, pictures) =>
    (await import('../report/pdf-report.ts')).writePdf(await reportOf(result, pictures)),
  pkl: (result) => writePickle(result as unknown as Plain),
  xlsx: async (result) => (await import('./xlsx.ts')).writeXlsx(result),
};
