import type { Writer } from './writer.ts';

/** Holds each batch until it is let go; a batch that is refused fails as a full disk would make it. */
export function createHeldWriter(inner: Writer) {
  const waiting: (() => void)[] = [];
  let isHalted = false;
  let refused = 0;
  const writer: Writer = {
    write(batch, onDone) {
      waiting.push(() => {
        if (isHalted) return;
        if (refused > 0) {
          refused -= 1;
          isHalted = true;
          onDone(
            batch.map((_one, index) => ({ index, message: 'full', code: 'ERR_SQLITE_ERROR', errcode: 13 })),
          );
        } else
          inner.write(batch, (failures) => {
            isHalted = failures.length > 0;
            onDone(failures);
          });
      });
    },
    goOn() {
      isHalted = false;
      waiting.length = 0;
    },
    close: async () => {},
  };
  return {
    writer,
    waiting: () => waiting.length,
    /** The oldest batch ends. */
    letGo: () => waiting.shift()?.(),
    refuse: () => {
      refused += 1;
    },
  };
}
