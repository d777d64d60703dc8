/**
 * Reads a JSON object as its bytes come, of which it keeps none: it checks the syntax as `JSON.parse` does, and hands out the
 * bytes of each value of the object itself, with the value's key. What lies deeper is a part of these.
 */
export interface JsonObjectScanner {
  /** Throws SyntaxError at the first byte that can't be. */
  push(chunk: Uint8Array): void;
  /** Throws SyntaxError where something is missing. */
  end(): void;
}

export interface ScannedValues {
  /** A value begins; of two with the same key the last one counts. */
  begin(key: string): void;
  /** More of it, without the space around it; good until the call returns. */
  piece(bytes: Uint8Array): void;
}

/** What comes next. */
const Expect = {
  object: 0,
  firstKey: 1,
  key: 2,
  colon: 3,
  value: 4,
  firstItem: 5,
  comma: 6,
  nothing: 7,
  string: 8,
  escape: 9,
  hex: 10,
  word: 11,
  minus: 12,
  zero: 13,
  digits: 14,
  point: 15,
  fraction: 16,
  exponent: 17,
  exponentSign: 18,
  exponentDigits: 19,
} as const;
type Expect = (typeof Expect)[keyof typeof Expect];

const [QUOTE, BACKSLASH, COMMA, COLON, OPEN_OBJECT, CLOSE_OBJECT, OPEN_LIST, CLOSE_LIST] = [
  34, 92, 44, 58, 123, 125, 91, 93,
];
const MOST_DEPTH = 100_000;
const LONGEST_KEY_BYTES = 64 * 1024;
const WORDS = ['true', 'false', 'null'];

const isSpace = (byte: number) => byte === 32 || byte === 10 || byte === 13 || byte === 9;
const isDigit = (byte: number) => byte >= 48 && byte <= 57;

export function createJsonObjectScanner(values: ScannedValues): JsonObjectScanner {
  return new Scanner(values);
}

class Scanner implements JsonObjectScanner {
  readonly #values: ScannedValues;
  #expect: Expect = Expect.object;
  /** What is open: `{` or `[`. */
  readonly #open: number[] = [];
  /** The string is a key, of whichever object; of the object itself. */
  #isName = false;
  #isKey = false;
  #key: Uint8Array[] = [];
  #keyBytes = 0;
  #hexLeft = 0;
  #word = '';
  #wordAt = 0;
  #read = 0;
  /** Where the bytes begin that are still to be handed out; -1 outside of values. */
  #from = -1;

  constructor(values: ScannedValues) {
    this.#values = values;
  }

  push(chunk: Uint8Array): void {
    this.#from = this.#isInValue() ? 0 : -1;
    for (let at = 0; at < chunk.length; ) at = this.#step(chunk, at);
    if (this.#from >= 0) this.#values.piece(chunk.subarray(this.#from));
    this.#read += chunk.length;
  }

  end(): void {
    if (this.#expect !== Expect.nothing) throw new SyntaxError('it ends in the middle');
  }

  /** In a value of the object itself, or below it; not in one of its keys. */
  #isInValue(): boolean {
    if (this.#open.length > 1) return true;
    const isScalar = this.#expect >= Expect.string;
    return this.#open.length === 1 && isScalar && !this.#isKey;
  }

  /** Reads on from there; answers where it goes on. */
  #step(chunk: Uint8Array, at: number): number {
    const expect = this.#expect;
    if (expect === Expect.string) return this.#string(chunk, at);
    const byte = chunk[at] as number;
    if (expect === Expect.escape || expect === Expect.hex) return this.#escaped(byte, at, chunk);
    if (expect === Expect.word) return this.#inWord(byte, chunk, at);
    if (expect >= Expect.minus) return this.#number(byte, chunk, at);
    if (isSpace(byte)) return at + 1;
    return this.#structure(byte, chunk, at);
  }

  #structure(byte: number, chunk: Uint8Array, at: number): number {
    const top = this.#open.at(-1);
    switch (this.#expect) {
      case Expect.object:
        if (byte !== OPEN_OBJECT) this.#fail(byte, at);
        this.#open.push(byte);
        this.#expect = Expect.firstKey;
        return at + 1;
      case Expect.firstKey:
      case Expect.key:
        if (byte === QUOTE) return this.#beginString(true, at);
        if (byte === CLOSE_OBJECT && this.#expect === Expect.firstKey) return this.#close(chunk, at);
        return this.#fail(byte, at);
      case Expect.colon:
        if (byte !== COLON) this.#fail(byte, at);
        this.#expect = Expect.value;
        return at + 1;
      case Expect.comma:
        if (byte === (top === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_LIST)) return this.#close(chunk, at);
        if (byte !== COMMA) this.#fail(byte, at);
        this.#expect = top === OPEN_OBJECT ? Expect.key : Expect.value;
        return at + 1;
      case Expect.firstItem:
        if (byte === CLOSE_LIST) return this.#close(chunk, at);
        return this.#value(byte, at);
      case Expect.value:
        return this.#value(byte, at);
      default:
        return this.#fail(byte, at);
    }
  }

  #value(byte: number, at: number): number {
    if (this.#open.length === 1) {
      const key = Buffer.concat(this.#key).toString();
      this.#values.begin(JSON.parse(`"${key}"`) as string);
      this.#from = at;
    }
    if (byte === QUOTE) return this.#beginString(false, at);
    if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
      if (this.#open.length >= MOST_DEPTH) throw new SyntaxError('it is nested too deep');
      this.#open.push(byte);
      this.#expect = byte === OPEN_OBJECT ? Expect.firstKey : Expect.firstItem;
      return at + 1;
    }
    const word = WORDS.find((one) => one.charCodeAt(0) === byte);
    if (word !== undefined) {
      [this.#expect, this.#word, this.#wordAt] = [Expect.word, word, 1];
      return at + 1;
    }
    if (byte === 45) this.#expect = Expect.minus;
    else if (byte === 48) this.#expect = Expect.zero;
    else if (isDigit(byte)) this.#expect = Expect.digits;
    else this.#fail(byte, at);
    return at + 1;
  }

  #beginString(isKey: boolean, at: number): number {
    this.#isKey = isKey && this.#open.length === 1;
    if (this.#isKey) [this.#key, this.#keyBytes] = [[], 0];
    this.#isName = isKey;
    this.#expect = Expect.string;
    return at + 1;
  }
  /** The loop that most bytes go through. */
  #string(chunk: Uint8Array, start: number): number {
    let at = start;
    for (; at < chunk.length; at += 1) {
      const byte = chunk[at] as number;
      if (byte === QUOTE || byte === BACKSLASH) break;
      if (byte < 32) this.#fail(byte, at);
    }
    const isOver = at < chunk.length;
    if (this.#isKey) this.#keepKey(chunk.subarray(start, at));
    if (!isOver) return at;
    if (chunk[at] === BACKSLASH) {
      if (this.#isKey) this.#keepKey(chunk.subarray(at, at + 1));
      this.#expect = Expect.escape;
      return at + 1;
    }
    if (!this.#isName) return this.#endValue(chunk, at + 1);
    this.#isKey = false;
    this.#isName = false;
    this.#expect = Expect.colon;
    return at + 1;
  }

  #keepKey(bytes: Uint8Array): void {
    this.#keyBytes += bytes.length;
    if (this.#keyBytes > LONGEST_KEY_BYTES) throw new SyntaxError('a key is too long');
    this.#key.push(Uint8Array.from(bytes));
  }

  #escaped(byte: number, at: number, chunk: Uint8Array): number {
    if (this.#isKey) this.#keepKey(chunk.subarray(at, at + 1));
    if (this.#expect === Expect.hex) {
      if (!/[\da-fA-F]/.test(String.fromCharCode(byte))) this.#fail(byte, at);
      this.#hexLeft -= 1;
      if (this.#hexLeft === 0) this.#expect = Expect.string;
      return at + 1;
    }
    if (!'"\\/bfnrtu'.includes(String.fromCharCode(byte))) this.#fail(byte, at);
    this.#expect = byte === 117 ? Expect.hex : Expect.string;
    this.#hexLeft = 4;
    return at + 1;
  }

  #inWord(byte: number, chunk: Uint8Array, at: number): number {
    if (byte !== this.#word.charCodeAt(this.#wordAt)) this.#fail(byte, at);
    this.#wordAt += 1;
    return this.#wordAt === this.#word.length ? this.#endValue(chunk, at + 1) : at + 1;
  }

  #number(byte: number, chunk: Uint8Array, at: number): number {
    const next = nextInNumber(this.#expect, byte);
    if (next === undefined) this.#fail(byte, at);
    else if (next !== 'over') {
      this.#expect = next;
      return at + 1;
    }
    return this.#endValue(chunk, at);
  }

  #close(chunk: Uint8Array, at: number): number {
    this.#open.pop();
    return this.#endValue(chunk, at + 1);
  }

  /** `at`: behind its last byte. */
  #endValue(chunk: Uint8Array, at: number): number {
    if (this.#open.length === 1 && this.#from >= 0) {
      this.#values.piece(chunk.subarray(this.#from, at));
      this.#from = -1;
    }
    this.#expect = this.#open.length === 0 ? Expect.nothing : Expect.comma;
    return at;
  }

  #fail(byte: number, at: number): never {
    const where = `at byte ${this.#read + at + 1}`;
    const isNumber = this.#expect === Expect.minus || this.#expect === Expect.value;
    if (isNumber && (byte === 73 || byte === 78))
      throw new SyntaxError(`${byte === 78 ? 'NaN' : 'Infinity'} ${where} is no JSON`);
    throw new SyntaxError(`unexpected ${JSON.stringify(String.fromCharCode(byte))} ${where}`);
  }
}

/** The state of a number after a byte; `over` where the byte is not its any more, undefined where it can't be. */
function nextInNumber(state: Expect, byte: number): Expect | 'over' | undefined {
  const digit = isDigit(byte);
  const [point, e] = [byte === 46, byte === 101 || byte === 69];
  switch (state) {
    case Expect.minus:
      if (!digit) return undefined;
      return byte === 48 ? Expect.zero : Expect.digits;
    case Expect.zero:
    case Expect.digits:
      if (digit) return state === Expect.digits ? Expect.digits : undefined;
      if (point) return Expect.point;
      return e ? Expect.exponent : 'over';
    case Expect.point:
      return digit ? Expect.fraction : undefined;
    case Expect.fraction:
      if (digit) return Expect.fraction;
      return e ? Expect.exponent : 'over';
    case Expect.exponent:
      if (byte === 43 || byte === 45) return Expect.exponentSign;
      return digit ? Expect.exponentDigits : undefined;
    case Expect.exponentSign:
      return digit ? Expect.exponentDigits : undefined;
    default:
      return digit ? Expect.exponentDigits : 'over';
  }
}
