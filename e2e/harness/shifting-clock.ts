// Preloaded (`node --import`) into a process whose wall clock a test sets: the file SPILLWAY_TEST_WALL_CLOCK holds the
// milliseconds that it is off. It is read at the start and on SIGUSR2; what was read is written beside it.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const file = process.env.SPILLWAY_TEST_WALL_CLOCK ?? '';
const RealDate = Date;
let offMs = 0;

function read(): void {
  offMs = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  writeFileSync(`${file}.read`, String(offMs));
}

class ShiftedDate extends RealDate {
  constructor(...parts: [] | ConstructorParameters<typeof Date>) {
    if (parts.length === 0) super(ShiftedDate.now());
    else super(...parts);
  }

  static override now(): number {
    return RealDate.now() + offMs;
  }
}

read();
process.on('SIGUSR2', read);
globalThis.Date = ShiftedDate as DateConstructor;
