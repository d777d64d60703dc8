import { SingleBar } from 'cli-progress';
import { barText, note } from '../output.ts';
import { bytesText, durationText } from '../text.ts';

/** How far a transfer is, on stderr: a bar with its speed on a terminal, a line for each quarter elsewhere. */
export interface TransferView {
  /** `resumedBytes`: what was there before this call. */
  show(progress: {
    readonly sizeBytes: number;
    readonly sentBytes: number;
    readonly resumedBytes: number;
  }): void;
  close(): void;
}

export function createTransferView(
  label: string,
  { isTerminal, isSilent }: { readonly isTerminal: boolean; readonly isSilent: boolean },
  now: () => number = Date.now,
): TransferView {
  if (isSilent) return { show: () => {}, close: () => {} };
  return isTerminal ? createBar(label, now) : createLines(label, note);
}

function createBar(label: string, now: () => number): TransferView {
  const startedAt = now();
  let line = '';
  const bar = new SingleBar({
    ...{ stream: process.stderr, hideCursor: true, gracefulExit: false, format: () => line },
  });
  let isOpen = false;
  return {
    show(progress) {
      line = barLine(label, progress, now() - startedAt);
      if (!isOpen) bar.start(Math.max(1, progress.sizeBytes), progress.sentBytes);
      isOpen = true;
      bar.update(progress.sentBytes);
    },
    close() {
      if (isOpen) bar.stop();
      isOpen = false;
    },
  };
}

type Progress = Parameters<TransferView['show']>[0];

function barLine(label: string, { sizeBytes, sentBytes, resumedBytes }: Progress, elapsedMs: number): string {
  const part = sizeBytes === 0 ? 1 : sentBytes / sizeBytes;
  const perMs = elapsedMs > 0 ? (sentBytes - resumedBytes) / elapsedMs : 0;
  const rest =
    perMs > 0 ? `  ${bytesText(perMs * 1000)}/s  ${durationText((sizeBytes - sentBytes) / perMs)} left` : '';
  return `${label}  ${barText(part)}  ${bytesText(sentBytes)} of ${bytesText(sizeBytes)}${sentBytes < sizeBytes ? rest : ''}`;
}

/** @param write one line; tests listen. */
function createLines(label: string, write: (line: string) => void): TransferView {
  let shown: number | undefined;
  return {
    show({ sizeBytes, sentBytes, resumedBytes }) {
      const quarter = sizeBytes === 0 ? 4 : Math.floor((sentBytes / sizeBytes) * 4);
      if (shown !== undefined && quarter <= shown) return;
      const isFirst = shown === undefined;
      shown = quarter;
      const of = `${bytesText(sentBytes)} of ${bytesText(sizeBytes)}`;
      if (isFirst && resumedBytes > 0) write(`${label}: going on at ${of}`);
      else if (!isFirst || sizeBytes > 0) write(`${label}: ${of}`);
    },
    close: () => {},
  };
}
