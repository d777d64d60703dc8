/**
 * Byte-pair encoding of one word (Sennrich et al. 2016) over the bytes of its UTF-8, each written as a printable
 * character as GPT-2 does, so that every text has symbols.
 */
export type SplitWord = (word: string) => readonly string[];

const MOST_CACHED = 10_000;
/** Longer runs without white space are rare and not worth keeping. */
const LONGEST_CACHED_CHARS = 32;

/**
 * @param merges pairs `left right`, the most frequent first.
 * @param wordEnd marks the last symbol of a word.
 */
export function createBytePairs(merges: readonly string[], wordEnd: string): SplitWord {
  const ranks = new Map(merges.map((pair, rank) => [pair, rank]));
  const known = new Map<string, readonly string[]>();
  return (word) => {
    const before = known.get(word);
    if (before) return before;
    const symbols = mergePairs(symbolsOf(word, wordEnd), ranks);
    if (word.length > LONGEST_CACHED_CHARS) return symbols;
    if (known.size >= MOST_CACHED) known.clear();
    known.set(word, symbols);
    return symbols;
  };
}

function symbolsOf(word: string, wordEnd: string): string[] {
  const symbols = Array.from(new TextEncoder().encode(word), (byte) => BYTE_SYMBOLS[byte] ?? '');
  const last = symbols.length - 1;
  if (last >= 0) symbols[last] += wordEnd;
  return symbols;
}

/** Joins the pair with the lowest rank, wherever it stands, until none is left that may be joined. */
function mergePairs(symbols: string[], ranks: ReadonlyMap<string, number>): string[] {
  let current = symbols;
  for (;;) {
    const best = bestPair(current, ranks);
    if (best === undefined) return current;
    const [left, right] = best;
    const joined: string[] = [];
    for (let at = 0; at < current.length; at += 1) {
      const isPair = current[at] === left && current[at + 1] === right;
      joined.push(isPair ? left + right : (current[at] ?? ''));
      if (isPair) at += 1;
    }
    current = joined;
  }
}

function bestPair(
  symbols: readonly string[],
  ranks: ReadonlyMap<string, number>,
): [left: string, right: string] | undefined {
  let best: [string, string] | undefined;
  let bestRank = Number.POSITIVE_INFINITY;
  for (let at = 0; at + 1 < symbols.length; at += 1) {
    const [left = '', right = ''] = [symbols[at], symbols[at + 1]];
    const rank = ranks.get(`${left} ${right}`);
    if (rank === undefined || rank >= bestRank) continue;
    best = [left, right];
    bestRank = rank;
  }
  return best;
}

/** Printable bytes stand for themselves, the others for characters from 256 on, in their order. */
const BYTE_SYMBOLS: readonly string[] = createByteSymbols();

function createByteSymbols(): string[] {
  const isPrintable = (byte: number) =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : next++));
}
