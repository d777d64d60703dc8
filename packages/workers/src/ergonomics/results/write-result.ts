import type { MomentPicture } from '../report/moment-picture.ts';
import { writeCsv } from './columns.ts';
import type { ResultFormat } from './formats.ts';
import { writeJson } from './json.ts';
import { writeNpz } from './npz.ts';
import { type Plain, writePickle } from './pickle.ts';
import type { ColumnResult } from './result.ts';

/** A file in pieces of some kilobytes, each made when it is asked for. */
export type Pieces = Iterable<Uint8Array | string>;

/**
 * A result in one of its forms. Those that hold all samples are never in memory as a whole; workbook and reports are one
 * piece, since what they show of a sequence doesn't grow with it. `pictures` of worst moments go into the reports. Writers
 * that need a library load it when first used.
 */
export async function writeResult(
  format: ResultFormat | 'json',
  result: ColumnResult,
  pictures: readonly MomentPicture[] = [],
): Promise<Pieces> {
  return WRITERS[format](result, pictures);
}

type Writer = (result: ColumnResult, pictures: readonly MomentPicture[]) => Pieces | Promise<Pieces>;

const reportOf = async (result: ColumnResult, pictures: readonly MomentPicture[]) =>
  (await import('../report/build-report.ts')).buildReport(result, pictures);

const WRITERS: Readonly<Record<ResultFormat | 'json', Writer>> = {
  json: writeJson,
  csv: ({ samples }) => writeCsv(samples),
  html: async (result, pictures) => [
    (await import('../report/html-report.ts')).writeHtml(await reportOf(result, pictures)),
  ],
  npz: ({ samples }) => writeNpz(samples),
  pdf: async (result, pictures) => [
    await (await import('../report/pdf-report.ts')).writePdf(await reportOf(result, pictures)),
  ],
  pkl: (result) => writePickle(result as unknown as Plain),
  xlsx: async (result) => [await (await import('./xlsx.ts')).writeXlsx(result)],
};
