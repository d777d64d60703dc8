import { readFile } from 'node:fs/promises';
import PdfDocument from 'pdfkit';

/**
 * A PDF that is filled from top to bottom: the cursor, the two fonts, and when a page is full. Points (1/72 inch), A4. The
 * pages have no margins of their own, so that the library never breaks a page by itself.
 */
export interface PdfFlow {
  readonly doc: PDFKit.PDFDocument;
  readonly left: number;
  readonly width: number;
  /** Top of what comes next. */
  y: number;
}

export interface TextStyle {
  readonly size?: number;
  readonly isBold?: boolean;
  readonly color?: string;
  readonly align?: 'left' | 'right' | 'center';
}

export const INK = '#1d2330';
export const QUIET = '#566074';
export const RULE = '#d9dde4';
export const PAPER = '#f4f5f7';

const [WIDTH, HEIGHT] = [595.28, 841.89];
const SIDE = 42;
const TOP = 46;
const BOTTOM = 52;
const PAGE_BOTTOM = HEIGHT - BOTTOM;
const FONTS = { regular: 'noto-sans-regular.ttf', semibold: 'noto-sans-semibold.ttf' } as const;

export async function createPdfFlow(title: string): Promise<PdfFlow> {
  const doc = new PdfDocument({
    ...{ autoFirstPage: false, bufferPages: true, size: [WIDTH, HEIGHT], margin: 0 },
    ...{ pdfVersion: '1.7', lang: 'en', displayTitle: true },
    info: { Title: title, Creator: 'Spillway', Producer: 'Spillway', CreationDate: new Date(0) },
  });
  // No date, which would make equal reports differ; the XMP copy of this information can't do without one.
  delete doc.info.CreationDate;
  Object.assign(doc, { endMetadata() {} });
  for (const [name, file] of Object.entries(FONTS))
    doc.registerFont(name, await readFile(new URL(`fonts/${file}`, import.meta.url)));
  doc.addPage();
  return { doc, left: SIDE, width: WIDTH - 2 * SIDE, y: TOP };
}

/** Begins a page where this much doesn't fit on the one that is open; true where it did. */
export function need(flow: PdfFlow, height: number): boolean {
  if (flow.y + height <= PAGE_BOTTOM || flow.y === TOP) return false;
  flow.doc.addPage();
  flow.y = TOP;
  return true;
}

/** Letters that the fonts don't have show as a question mark in a lozenge. */
const UNKNOWN =
  /[^\u0020-\u007e\u00a0-\u024f\u0259\u02bb-\u02bc\u02c6-\u02dd\p{M}\u0370-\u03ff\u0400-\u04ff\u1e00-\u1eff\u2010-\u2027\u2030-\u203a\u2044\u2070-\u209c\u20a0-\u20bf\u2116\u2122\u2212]/gu;
const writable = (text: string): string =>
  text
    .normalize('NFC')
    .replaceAll(/[^\S\u00a0]+/g, ' ')
    .replaceAll(UNKNOWN, '\ufffd');

function setStyle({ doc }: PdfFlow, { size = 9, isBold = false, color = INK }: TextStyle): void {
  doc
    .font(isBold ? 'semibold' : 'regular')
    .fontSize(size)
    .fillColor(color);
}

export function heightOf(flow: PdfFlow, text: string, width: number, style: TextStyle = {}): number {
  setStyle(flow, style);
  return flow.doc.heightOfString(writable(text), { width });
}

export function widthOf(flow: PdfFlow, text: string, style: TextStyle = {}): number {
  setStyle(flow, style);
  return flow.doc.widthOfString(writable(text));
}

/** Text in lines of at most `width`, with its top left at a place; the cursor stays. */
export function writeAt(
  flow: PdfFlow,
  text: string,
  at: { readonly x: number; readonly y: number; readonly width: number },
  style: TextStyle = {},
): void {
  setStyle(flow, style);
  flow.doc.text(writable(text), at.x, at.y, { width: at.width, align: style.align ?? 'left' });
}

/** One line, or its beginning and an ellipsis. */
export function writeLine(
  flow: PdfFlow,
  text: string,
  at: { readonly x: number; readonly y: number; readonly width: number },
  style: TextStyle = {},
): void {
  setStyle(flow, style);
  const align = style.align ?? 'left';
  const height = flow.doc.currentLineHeight(true);
  flow.doc.text(writable(text), at.x, at.y, { width: at.width, height, align, ellipsis: true });
}

/** Footers, once all pages are there. */
export function numberPages(flow: PdfFlow, title: string): void {
  const { start, count } = flow.doc.bufferedPageRange();
  for (let page = 0; page < count; page += 1) {
    flow.doc.switchToPage(start + page);
    const y = HEIGHT - 34;
    flow.doc.rect(flow.left, y - 6, flow.width, 0.5).fill(RULE);
    const style = { size: 7.5, color: QUIET };
    writeLine(flow, title, { x: flow.left, y, width: flow.width - 90 }, style);
    const right = { x: flow.left + flow.width - 80, y, width: 80 };
    writeAt(flow, `page ${page + 1} of ${count}`, right, { ...style, align: 'right' });
  }
}
