/**
 * Reads what Python's `repr` writes of plain data (dict, list, tuple, str, int, float, bool, None). RunPod's Python
 * worker turns an error that is a dict into such a text, so the text is the only place where its fields are left.
 * Undefined for anything else, such as objects of other classes.
 */
export function parsePythonLiteral(text: string): unknown {
  const reader = new Reader(text);
  try {
    const value = reader.value();
    return reader.isAtEnd ? value : undefined;
  } catch (error) {
    if (error instanceof NotALiteral) return undefined;
    throw error;
  }
}

class NotALiteral extends Error {}

const DEEPEST = 64;
const NUMBER = /[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/y;
const WORDS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['None', null],
  ['True', true],
  ['False', false],
]);
const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '\\': '\\',
  "'": "'",
  '"': '"',
};
const CODE_LENGTHS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

class Reader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    this.#skipSpace();
    return this.#at === this.#text.length;
  }

  value(): unknown {
    this.#skipSpace();
    const char = this.#text.charAt(this.#at);
    this.#depth += 1;
    if (this.#depth > DEEPEST) throw new NotALiteral();
    const value = this.#valueAfter(char);
    this.#depth -= 1;
    return value;
  }

  #valueAfter(char: string): unknown {
    if (char === '{') return this.#dict();
    if (char === '[') return this.#list(']');
    if (char === '(') return this.#list(')');
    return char === "'" || char === '"' ? this.#string() : this.#wordOrNumber();
  }

  #skipSpace(): void {
    while (/\s/.test(this.#text.charAt(this.#at))) this.#at += 1;
  }

  #eats(char: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] !== char) return false;
    this.#at += 1;
    return true;
  }

  #need(char: string): void {
    if (!this.#eats(char)) throw new NotALiteral();
  }

  #dict(): Record<string, unknown> {
    const entries: [string, unknown][] = [];
    this.#items('}', () => {
      const key = this.value();
      this.#need(':');
      entries.push([String(key), this.value()]);
    });
    return Object.fromEntries(entries);
  }

  #list(close: string): unknown[] {
    const items: unknown[] = [];
    this.#items(close, () => items.push(this.value()));
    return items;
  }

  /** Everything up to `close`, with commas between; one may follow the last. */
  #items(close: string, readItem: () => void): void {
    this.#at += 1;
    for (let count = 0; !this.#eats(close); count += 1) {
      if (count > 0) this.#need(',');
      if (this.#eats(close)) return;
      readItem();
    }
  }

  #string(): string {
    const quote = this.#text.charAt(this.#at);
    this.#at += 1;
    let result = '';
    for (;;) {
      if (this.#at >= this.#text.length) throw new NotALiteral();
      const char = this.#text.charAt(this.#at);
      this.#at += 1;
      if (char === quote) return result;
      result += char === '\\' ? this.#escaped() : char;
    }
  }

  #escaped(): string {
    const kind = this.#text.charAt(this.#at);
    this.#at += 1;
    const length = CODE_LENGTHS[kind];
    if (length === undefined) return ESCAPES[kind] ?? `\\${kind}`;
    const digits = this.#text.slice(this.#at, this.#at + length);
    const code = Number.parseInt(digits, 16);
    if (!/^[0-9a-fA-F]+$/.test(digits) || digits.length < length || code > 0x10ffff) throw new NotALiteral();
    this.#at += length;
    return String.fromCodePoint(code);
  }

  #wordOrNumber(): unknown {
    const word = /^\w+/.exec(this.#text.slice(this.#at, this.#at + 8))?.[0] ?? '';
    if (WORDS.has(word)) {
      this.#at += word.length;
      return WORDS.get(word);
    }
    NUMBER.lastIndex = this.#at;
    const digits = NUMBER.exec(this.#text)?.[0];
    if (digits === undefined) throw new NotALiteral();
    this.#at += digits.length;
    return Number(digits);
  }
}
