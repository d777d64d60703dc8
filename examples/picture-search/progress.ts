/** How far it is, on stderr: a line that is drawn over on a terminal, a line each tenth elsewhere. */
export interface Progress {
  show(done: number, total: number): void;
  end(): void;
}

const WIDTH = 28;

export function createProgress(stream: NodeJS.WriteStream): Progress {
  const startedAt = performance.now();
  let isDrawn = false;
  let tenths = 0;
  return {
    show(done, total) {
      const rate = done / ((performance.now() - startedAt) / 1000);
      const text = `${done} of ${total} pictures, ${rate.toFixed(0)} a second`;
      if (stream.isTTY) {
        const filled = Math.round((done / total) * WIDTH);
        stream.write(`\r${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)}  ${text}\u001b[K`);
        isDrawn = true;
      } else if (done === total || Math.floor((done / total) * 10) > tenths) {
        tenths = Math.floor((done / total) * 10);
        stream.write(`${text}\n`);
      }
    },
    end() {
      if (isDrawn) stream.write('\n');
      isDrawn = false;
    },
  };
}

/** Names of files may hold what drives a terminal. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out; line feeds of ours stay
  return text.replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '\ufffd');
}
