import type { UploadReport } from './upload-test.ts';

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

/** Whether the upload kept what is promised: whole, and nothing sent twice but what a death cut off. */
export function isKept(report: UploadReport): boolean {
  return report.isIdentical && report.sentTwice.length === 0 && report.usefulBytes === report.sizeBytes;
}

export function uploadLines(report: UploadReport): string[] {
  const { sizeBytes, runs, deaths, uploadMs, wastedBytes, wastedTries } = report;
  const rate = `${megabytes(sizeBytes / (uploadMs / 1000))}/s`;
  return [
    `${megabytes(sizeBytes)} in ${(uploadMs / 1000).toFixed(1)} s (${rate}), ${runs} runs of the client, killed: ${deaths.join(', ')}`,
    `byte-identical: ${report.isIdentical ? 'yes' : 'NO'}`,
    `sent: ${report.usefulBytes} bytes of ${sizeBytes}; again though they were there: ${report.sentTwice.join(', ') || 'none'}`,
    `sent for nothing: ${wastedBytes} bytes in ${wastedTries} tries that were cut off`,
  ];
}
