import { inflateSync } from 'node:zlib';

/**
 * What a reader of one of our PDFs would see as text, page by page: the strings of each page's content, through the table
 * from glyphs to letters that each font carries. Enough of the format for files that PDFKit writes.
 */
export function readPdfTexts(pdf: Buffer): string[] {
  const objects = new Map<string, { head: string; stream: Buffer | undefined }>();
  const text = pdf.toString('latin1');
  for (const match of text.matchAll(/(\d+) 0 obj\n([\s\S]*?)\nendobj/g)) {
    const [, id = '', body = ''] = match;
    const [head = '', ...rest] = body.split('\nstream\n');
    const raw =
      rest.length > 0
        ? Buffer.from(rest.join('\nstream\n').replace(/\nendstream$/, ''), 'latin1')
        : undefined;
    const stream = raw && head.includes('FlateDecode') ? inflateSync(raw) : raw;
    objects.set(id, { head, stream });
  }
  const ref = (head: string, name: string) => new RegExp(`/${name} (\\d+) 0 R`).exec(head)?.[1] ?? '';
  const headOf = (id: string) => objects.get(id)?.head ?? '';
  const lettersOf = (font: string) =>
    glyphLetters(objects.get(ref(headOf(font), 'ToUnicode'))?.stream?.toString('latin1') ?? '');
  return [...objects.values()]
    .filter(({ head }) => /\/Type \/Page\n/.test(head))
    .map(({ head }) => {
      const resources = headOf(ref(head, 'Resources'));
      const fonts = new Map(
        [...resources.matchAll(/\/(F\d+) (\d+) 0 R/g)].map(([, name, id]) => [name, lettersOf(id ?? '')]),
      );
      return shownText(objects.get(ref(head, 'Contents'))?.stream?.toString('latin1') ?? '', fonts);
    });
}

function glyphLetters(cmap: string): string[] {
  const letters: string[] = [];
  for (const [, from = '0', list = ''] of cmap.matchAll(/<([\da-f]+)> <[\da-f]+> \[([^\]]*)\]/g)) {
    for (const [at, [, hex = '']] of [...list.matchAll(/<([\da-f ]+)>/g)].entries())
      letters[Number.parseInt(from, 16) + at] = Buffer.from(hex.replaceAll(' ', ''), 'hex')
        .swap16()
        .toString('utf16le');
  }
  return letters;
}

function shownText(content: string, fonts: ReadonlyMap<string | undefined, string[]>): string {
  let letters: string[] = [];
  const lines: string[] = [];
  for (const [, font, strings = ''] of content.matchAll(/\/(F\d+) [\d.]+ Tf|\[([^\]]*)\] TJ/g)) {
    if (font) letters = fonts.get(font) ?? [];
    else {
      const glyphs = [...strings.matchAll(/<([\da-f]+)>/g)].flatMap(
        ([, hex = '']) => hex.match(/.{4}/g) ?? [],
      );
      lines.push(glyphs.map((glyph) => letters[Number.parseInt(glyph, 16)] ?? '?').join(''));
    }
  }
  return lines.join('\n');
}
